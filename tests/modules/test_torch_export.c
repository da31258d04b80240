/* What is written for PyTorch comes back, by the reader that published checkpoints are read with. */
#include "modules/torch/torch_export.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include "modules/torch/torch_file.h"
#include "modules/torch/torch_import.h"

static void expect_same(detector *d, const char *path) {
    detector *back;
    torch_file file;
    const parameter_set *a = detector_parameters(d), *b;
    assert_ok(torch_file_read(path, &file));
    assert_int_equal(file.count, a->count);
    for (int i = 0; i < file.count; i++) /* in this order */
        assert_string_equal(file.tensors[i].name, a->items[i]->name);
    torch_file_free(&file);
    assert_ok(torch_import(test_engine(), path, &back));
    b = detector_parameters(back);
    assert_int_equal(b->count, a->count);
    for (int i = 0; i < a->count; i++)
        assert_memory_equal(b->items[i]->value, a->items[i]->value, a->items[i]->count * sizeof(float));
    detector_free(back);
}

static void test_both_formats_come_back(void **state) {
    (void)state;
    detector *d = tiny_detector();
    parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++) /* a count above what a float's neighbour would be */
        if (set->items[i]->kind == PARAMETER_COUNTER)
            set->items[i]->value[0] = 1234567;
    const char *path = scratch_path("tiny.pth");
    assert_ok(torch_export(set, path));
    expect_same(d, path);
    assert_ok(torch_export(set, path)); /* in the place of another */
    expect_same(d, path);
    path = scratch_path("tiny.safetensors");
    assert_ok(safetensors_export(set, path));
    expect_same(d, path);
    detector_free(d);
}

/* Whether the file of these parameters is read as the network that they are of. */
static void expect_read(const parameter_set *some, const detector *d) {
    const char *path = scratch_path("some.safetensors");
    detector *back;
    assert_ok(safetensors_export(some, path));
    assert_ok(torch_import(test_engine(), path, &back));
    for (int i = 0; i < some->count; i++) {
        const parameter *p = some->items[i], *read = parameter_find(detector_parameters(back), p->name);
        assert_memory_equal(read->value, p->value, p->count * sizeof(float));
    }
    assert_string_equal(detector_name(back), detector_name(d));
    detector_free(back);
}

/* PyTorch before 0.4.1 had no counters; everything else has to be there. */
static void test_without_counters(void **state) {
    (void)state;
    detector *d = tiny_detector();
    parameter *items[256];
    parameter_set some = {.items = items};
    const parameter_set *all = detector_parameters(d);
    assert_true(all->count <= 256);
    for (int i = 0; i < all->count; i++)
        if (all->items[i]->kind != PARAMETER_COUNTER)
            items[some.count++] = all->items[i];
    assert_true(some.count < all->count);
    expect_read(&some, d);
    const char *missing = items[--some.count]->name, *path = scratch_path("less.safetensors");
    detector *none;
    assert_ok(safetensors_export(&some, path));
    assert_fails(torch_import(test_engine(), path, &none), STATUS_INPUT, missing, "is missing");
    detector_free(d);
}

static void test_a_place_that_cannot_be_written(void **state) {
    (void)state;
    detector *d = tiny_detector();
    assert_fails(torch_export(detector_parameters(d), "/nowhere/tiny.pth"), STATUS_OUTPUT, "/nowhere/tiny.pth", "");
    assert_fails(safetensors_export(detector_parameters(d), "/nowhere/tiny.safetensors"), STATUS_OUTPUT,
                 "/nowhere/tiny.safetensors", "");
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_formats_come_back),
        cmocka_unit_test(test_without_counters),
        cmocka_unit_test(test_a_place_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
