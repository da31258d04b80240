#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "core/io/png_io.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <png.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOLDEN "tests/golden/images.h5"

enum { GOLDEN_WIDTH = 11, GOLDEN_HEIGHT = 9, GOLDEN_PIXELS = GOLDEN_WIDTH * GOLDEN_HEIGHT };

/* The golden PNG files of every kind, and what OpenCV reads from them. */
typedef struct golden {
    char **names;
    int count;
    int32_t *sizes, *maxima;
    uint8_t *files;
    uint16_t *as_stored;
} golden;

static void *read_all(h5_file *file, const char *name, h5_type type, size_t element) {
    h5_shape shape;
    assert_ok(h5_get_shape(file, name, &shape));
    assert_int_equal(shape.rank, 1);
    void *data = malloc((size_t)shape.size[0] * element);
    assert_non_null(data);
    assert_ok(h5_read(file, name, type, (size_t)shape.size[0], data));
    return data;
}

static int open_golden(void **state) {
    static golden g;
    h5_file *file;
    assert_ok(h5_open(GOLDEN, &file));
    assert_ok(h5_read_strings(file, "png/name", &g.names, &g.count));
    g.sizes = read_all(file, "png/size", H5_INT32, sizeof *g.sizes);
    g.maxima = read_all(file, "png/maximum", H5_INT32, sizeof *g.maxima);
    g.files = read_all(file, "png/file", H5_UINT8, sizeof *g.files);
    g.as_stored = read_all(file, "png/as_stored", H5_UINT16, sizeof *g.as_stored);
    h5_close(file);
    *state = &g;
    return 0;
}

static int close_golden(void **state) {
    golden *g = *state;
    for (int i = 0; i < g->count; i++)
        free(g->names[i]);
    free(g->names);
    free(g->sizes);
    free(g->maxima);
    free(g->files);
    free(g->as_stored);
    return 0;
}

static void check_read(const char *path, int maximum, const uint16_t *expected, const char *name) {
    grey_image image;
    if (png_read_grey(path, &image) != STATUS_OK)
        fail_msg("%s: %s", name, status_message());
    assert_true(image.width == GOLDEN_WIDTH && image.height == GOLDEN_HEIGHT);
    assert_int_equal(image.maximum, maximum);
    for (int i = 0; i < GOLDEN_PIXELS; i++)
        if (image.pixels[i] != expected[i])
            fail_msg("%s: pixel %d is %d, expected %d", name, i, image.pixels[i], expected[i]);
    grey_image_free(&image);
}

static void test_every_kind_as_opencv(void **state) {
    const golden *g = *state;
    const uint8_t *file = g->files;
    int deep = 0;
    assert_true(g->count >= 34);
    for (int i = 0; i < g->count; i++) {
        const char *path = scratch_file("kind.png", file, (size_t)g->sizes[i]);
        check_read(path, g->maxima[i], g->as_stored + i * GOLDEN_PIXELS, g->names[i]);
        deep += g->maxima[i] == 65535;
        file += g->sizes[i];
    }
    assert_int_equal(deep, 8);
}

/* Of the kinds that have one, by their colour type, palette or transparent colour. Of interlaced ones with 16 bits
 * libpng's simplified interface gets other values than Pillow and we do. */
static void test_alpha_as_libpng(void **state) {
    const golden *g = *state;
    const uint8_t *file = g->files;
    int found = 0;
    for (int i = 0; i < g->count; i++) {
        grey_image alpha;
        png_image whole = {.version = PNG_IMAGE_VERSION};
        uint8_t pixels[2 * GOLDEN_PIXELS];
        assert_true(png_image_begin_read_from_memory(&whole, file, (size_t)g->sizes[i]));
        assert_ok(png_read_alpha(scratch_file("kind.png", file, (size_t)g->sizes[i]), &alpha));
        assert_int_equal(alpha.pixels != NULL, (whole.format & PNG_FORMAT_FLAG_ALPHA) != 0);
        whole.format = PNG_FORMAT_GA;
        assert_true(png_image_finish_read(&whole, NULL, pixels, 0, NULL));
        for (int k = 0; alpha.pixels && !strstr(g->names[i], "16 bits, interlaced") && k < GOLDEN_PIXELS; k++)
            if (alpha.pixels[k] != pixels[2 * k + 1])
                fail_msg("%s: pixel %d is %d, expected %d", g->names[i], k, alpha.pixels[k], pixels[2 * k + 1]);
        found += alpha.pixels != NULL;
        grey_image_free(&alpha);
        file += g->sizes[i];
    }
    assert_true(found >= 4);
}

static void assert_no_reading(const char *path, const char *reason) {
    grey_image image;
    assert_fails(png_read_grey(path, &image), STATUS_INPUT, path, reason);
    assert_null(image.pixels);
}

/* Whatever is cut off, even the closing chunk, is noticed. */
static void test_truncated(void **state) {
    const golden *g = *state;
    const uint8_t *file = g->files;
    for (int i = 0; i < g->count; i++) {
        for (int cut = 8; cut < g->sizes[i]; cut += i < 2 ? 1 : 13)
            assert_no_reading(scratch_file("cut.png", file, (size_t)cut), "truncated");
        file += g->sizes[i];
    }
}

static void test_not_a_png(void **state) {
    const golden *g = *state;
    assert_no_reading(scratch_file("empty.png", "", 0), "empty");
    assert_no_reading(scratch_file("short.png", g->files, 5), "not a PNG");
    assert_no_reading(scratch_file("text.png", "this is only text", 17), "not a PNG");
    assert_no_reading(scratch_path(""), "folder");
    assert_no_reading(scratch_path("missing.png"), "No such file");
}

/* No byte that is turned over may crash the reader or leak; most are found by a checksum. */
static void test_damaged(void **state) {
    const golden *g = *state;
    const uint8_t *file = g->files;
    int refused = 0, tried = 0;
    for (int i = 0; i < g->count; i++) {
        size_t size = (size_t)g->sizes[i];
        uint8_t *damaged = malloc(size);
        assert_non_null(damaged);
        for (size_t at = 8; at < size; at += i < 2 ? 1 : 7) {
            memcpy(damaged, file, size);
            damaged[at] ^= (uint8_t)(1u << (at % 8));
            grey_image image;
            status code = png_read_grey(scratch_file("damaged.png", damaged, size), &image);
            assert_true(code == STATUS_OK || code == STATUS_INPUT);
            refused += code != STATUS_OK;
            tried++;
            grey_image_free(&image);
        }
        free(damaged);
        file += size;
    }
    /* Bytes of ancillary chunks (tRNS, gAMA) do not count; all others have a checksum. */
    assert_true(tried > 500 && refused > tried * 9 / 10);
}

static void put_u32(uint8_t *out, uint32_t value) {
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A PNG of 8-bit grey that ends behind its head. The checksum belongs to the sides. */
static const char *head_only(uint32_t width, uint32_t height, uint32_t checksum) {
    uint8_t file[33] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
    put_u32(file + 16, width);
    put_u32(file + 20, height);
    file[24] = 8;
    put_u32(file + 29, checksum);
    return scratch_file("head.png", file, sizeof file);
}

/* A head that promises more than the reader allows, or than the file holds. */
static void test_absurd_sizes(void **state) {
    (void)state;
    assert_no_reading(head_only(32769, 1, 0x4d9faeca), "32769 x 1");
    assert_no_reading(head_only(0, 5, 0x4e2db27d), "IHDR");
    assert_no_reading(head_only(16384, 16384, 0x8ca34f58), "truncated");
    assert_no_reading(head_only(32768, 32768, 0xe117fca3), "at most 268435456 pixels");
}

static void test_write_8(void **state) {
    (void)state;
    enum { WIDTH = 19, HEIGHT = 13 };
    uint8_t grey[WIDTH * HEIGHT], colour[WIDTH * HEIGHT * 3];
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        grey[i] = (uint8_t)(i * 7);
        colour[3 * i] = colour[3 * i + 1] = colour[3 * i + 2] = grey[i];
    }
    grey_image image;
    const char *path = scratch_path("grey.png");
    assert_ok(png_write_8(path, WIDTH, HEIGHT, 1, grey));
    assert_ok(png_read_grey(path, &image));
    assert_true(image.width == WIDTH && image.height == HEIGHT && image.maximum == 255);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        assert_int_equal(image.pixels[i], grey[i]);
    grey_image_free(&image);

    /* Equal channels come back as they are; pure red, green and blue as 0.299, 0.587 and 0.114 of full scale. */
    const uint8_t pure[9] = {255, 0, 0, 0, 255, 0, 0, 0, 255};
    const int luma[3] = {76, 150, 29};
    memcpy(colour, pure, sizeof pure);
    path = scratch_path("colour.png");
    assert_ok(png_write_8(path, WIDTH, HEIGHT, 3, colour));
    assert_ok(png_read_grey(path, &image));
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        int expected = i < 3 ? luma[i] : grey[i];
        assert_true(abs(image.pixels[i] - expected) <= (i < 3 ? 1 : 0)); /* the luma may be rounded or cut */
    }
    grey_image_free(&image);
}

static void test_write_16(void **state) {
    (void)state;
    const uint16_t pixels[6] = {0, 1, 255, 256, 0x1234, 65535};
    grey_image image;
    const char *path = scratch_path("deep.png");
    assert_ok(png_write_grey16(path, 3, 2, pixels));
    assert_ok(png_read_grey(path, &image));
    assert_true(image.width == 3 && image.height == 2 && image.maximum == 65535);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    grey_image_free(&image);
}

static void test_write_failures(void **state) {
    (void)state;
    const uint8_t pixel = 0;
    const char *missing = scratch_path("no/folder.png");
    assert_fails(png_write_8(missing, 1, 1, 1, &pixel), STATUS_OUTPUT, missing, "No such file");
    const char *path = scratch_path("size.png");
    assert_fails(png_write_8(path, 0, 1, 1, &pixel), STATUS_OUTPUT, path, "0 x 1");
    assert_fails(png_write_8(path, 1, 32769, 1, &pixel), STATUS_OUTPUT, path, "1 x 32769");
    assert_false(path_is_file(path));
}

/* In a child, because the limit on file sizes stands for a full disk and cannot be lifted again. */
static void test_full_disk(void **state) {
    (void)state;
    static uint16_t noise[256 * 256];
    uint32_t seed = 1;
    for (int i = 0; i < 256 * 256; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (uint16_t)(seed >> 16);
    }
    const char *path = scratch_file("full.png", "old", 3);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096});
        bool right = png_write_grey16(path, 256, 256, noise) == STATUS_OUTPUT && strstr(status_message(), path) != NULL;
        _exit(right ? 0 : 1);
    }
    int outcome;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_true(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
    assert_no_reading(path, "not a PNG"); /* still the old content */
    name_list names;
    assert_ok(folder_list(scratch_path(""), ".tmp", &names));
    assert_int_equal(names.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_as_opencv),
        cmocka_unit_test(test_alpha_as_libpng),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_not_a_png),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_absurd_sizes),
        cmocka_unit_test(test_write_8),
        cmocka_unit_test(test_write_16),
        cmocka_unit_test(test_write_failures),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
