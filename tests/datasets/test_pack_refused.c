/* Packs whose parts do not fit together, as no `prepare pack` writes them. */
#include "core/io/hdf5_io.h"
#include "datasets/dataset.h"
#include "tests/expect.h"
#include "tests/support.h"

typedef struct pack_parts {
    h5_shape images, masks;
    int names, splits;
    int64_t full_scale;
} pack_parts;

/* As much of each part as the struct says; every sample belongs to the split "test". */
static void write_pack(const char *path, const pack_parts *p) {
    static const char *const names[] = {"a", "b", "c"}, *const splits[] = {"test", "test", "test"};
    static const uint8_t zeros[64];
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(h5_write(file, "images", H5_UINT8, &p->images, zeros));
    assert_ok(h5_write(file, "masks", H5_UINT8, &p->masks, zeros));
    assert_ok(h5_write_attribute_int(file, "images", "full_scale", p->full_scale));
    assert_ok(h5_write_strings(file, "names", names, p->names));
    assert_ok(h5_write_strings(file, "split", splits, p->splits));
    assert_ok(h5_commit(file));
}

static const h5_shape two = {.rank = 3, .size = {2, 3, 4}}, three = {.rank = 3, .size = {3, 3, 4}},
                      turned = {.rank = 3, .size = {2, 4, 3}}, flat = {.rank = 2, .size = {2, 12}};

static void test_parts_that_fit(void **state) {
    (void)state;
    dataset *d;
    const char *path = scratch_path("fits.h5");
    write_pack(path, &(pack_parts){two, two, 2, 2, 255});
    assert_ok(dataset_open(path, "test", &d));
    assert_int_equal(dataset_count(d), 2);
    dataset_close(d);
}

static void test_parts_that_do_not(void **state) {
    (void)state;
    const struct {
        pack_parts parts;
        const char *message;
    } cases[] = {{{two, two, 2, 1, 255}, "2 names but 1 splits"},
                 {{two, two, 3, 3, 255}, "one shape N x H x W with N = 3 names"},
                 {{two, three, 2, 2, 255}, "one shape"},
                 {{two, turned, 2, 2, 255}, "one shape"},
                 {{flat, flat, 2, 2, 255}, "one shape"},
                 {{two, two, 2, 2, 254}, "full scale 254, expected 255 or 65535"}};
    const char *path = scratch_path("odd.h5");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dataset *d;
        write_pack(path, &cases[i].parts);
        assert_fails(dataset_open(path, "test", &d), STATUS_INPUT, path, cases[i].message);
        assert_null(d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_that_fit),
        cmocka_unit_test(test_parts_that_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
