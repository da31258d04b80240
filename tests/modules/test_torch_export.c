/* What is written for PyTorch comes back, by the reader that published checkpoints are read with. */
#include "modules/torch/torch_export.h"
#include "tests/expect.h"
#include "tests/modules/torch_sample.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

#include "modules/torch/torch_file.h"
#include "modules/torch/torch_import.h"
#include "modules/torch/torch_options.h"

#include <stdio.h>
#include <stdlib.h>

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
    assert_ok(safetensors_export(set, d, NULL, 0, path));
    expect_same(d, path);
    detector_free(d);
}

/* Whether the file of these parameters is read as the network that they are of. */
static void expect_read(const parameter_set *some, const detector *d) {
    const char *path = scratch_path("some.safetensors");
    detector *back;
    assert_ok(safetensors_export(some, NULL, NULL, 0, path));
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
    assert_ok(safetensors_export(&some, NULL, NULL, 0, path));
    assert_fails(torch_import(test_engine(), path, &none), STATUS_INPUT, missing, "is missing");
    detector_free(d);
}

/* --- options that tensors do not tell --- */

static detector *detector_of(const char *const *settings, int count) {
    config *c;
    detector *d;
    assert_ok(config_new(&c));
    assert_ok(config_declare(c, &detector_name_key, 1));
    assert_ok(detector_declare_options(c));
    for (int i = 0; i < count; i++)
        assert_ok(config_override(c, settings[i]));
    assert_ok(detector_new(test_engine(), c, 3, &d));
    config_free(c);
    return d;
}

/* A detector that passes its noise on, which no tensor shows. */
static detector *carrying_detector(void) {
    static const char *const settings[] = {"model.stages=1", "model.bottleneck_channels=2", "model.total_channels=4",
                                           "model.se_reduction=2", "model.carry_noise=true"};
    return detector_of(settings, 5);
}

/* Reads the file with the settings: what it says, and what it takes for model.carry_noise. */
static void expect_carry(const char *path, const char *const *settings, int count, const char *carry,
                         const char *said) {
    char notes[256] = "";
    FILE *stream = fmemopen(notes, sizeof notes, "w");
    detector *d;
    assert_non_null(stream);
    assert_ok(torch_import_with(test_engine(), path, settings, count, stream, &d));
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(detector_option(d, "model.carry_noise"), carry);
    assert_string_equal(notes, said);
    detector_free(d);
}

static void test_options_beside_tensors(void **state) {
    (void)state;
    static const char *const carry[] = {"model.carry_noise=true", "model.stages=1"}, *const off[] = {
                                                                                         "model.carry_noise=false"};
    detector *d = carrying_detector();
    const char *path = scratch_path("carry.safetensors");
    assert_ok(safetensors_export(detector_parameters(d), d, NULL, 0, path));
    expect_carry(path, NULL, 0, "true", "");
    expect_carry(path, off, 1, "false", ""); /* what is given goes before what is stored */
    path = scratch_path("carry.pth");
    assert_ok(torch_export(detector_parameters(d), path));
    expect_carry(path, NULL, 0, "false", "model.carry_noise = false is assumed: the file does not tell\n");
    expect_carry(path, carry, 2, "true", "");
    detector_free(d);
}

/* 8 channels have one hidden one with a reduction of 8 as with the usual one. */
static void test_the_usual_reduction(void **state) {
    (void)state;
    static const char *const usual[] = {"model.stages=1", "model.bottleneck_channels=2", "model.total_channels=8"},
                             *const other[] = {"model.stages=1", "model.bottleneck_channels=2",
                                               "model.total_channels=8", "model.se_reduction=4"};
    for (int i = 0; i < 2; i++) {
        detector *d = detector_of(i ? other : usual, i ? 4 : 3), *back;
        const char *path = scratch_path("usual.pth");
        assert_ok(torch_export(detector_parameters(d), path));
        assert_ok(torch_import(test_engine(), path, &back));
        assert_string_equal(detector_option(back, "model.se_reduction"), i ? "4" : "16");
        detector_free(d);
        detector_free(back);
    }
}

static void test_options_that_do_not_fit(void **state) {
    (void)state;
    static const struct {
        const char *setting, *message;
    } cases[] = {{"model.stages=2", "model.stages is 1 by the tensors"},
                 {"model.name=uiunet", "model.name is rpcanet_plus by the tensors"},
                 {"model.carry_noize=true", "unknown key"},
                 {"model.carry_noise=perhaps", "perhaps"}};
    detector *d = carrying_detector(), *none;
    const char *path = scratch_path("carry.pth");
    assert_ok(torch_export(detector_parameters(d), path));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(torch_import_with(test_engine(), path, &cases[i].setting, 1, NULL, &none), STATUS_USAGE,
                     "carry.pth", cases[i].message);
    detector_free(d);
}

static void test_metadata_that_is_no_value(void **state) {
    (void)state;
    static const char header[] = "{\"__metadata__\":{\"irst.model.mean\":\"7\",\"irst.model.own_maximum\":1},"
                                 "\"stage1.rebnconvin.conv_s1.weight\":"
                                 "{\"dtype\":\"F32\",\"shape\":[1,3,1,1],\"data_offsets\":[0,12]},"
                                 "\"fuse5.topdown.1.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
    bytes all = safetensors_bytes(header, 3);
    detector *none;
    assert_fails(torch_import(test_engine(), scratch_file("seven.safetensors", all.data, all.size), &none),
                 STATUS_INPUT, "seven.safetensors: its metadata", "model.mean");
    free(all.data);
}

static void test_what_is_lost(void **state) {
    (void)state;
    detector *d[] = {carrying_detector(), tiny_detector()};
    static const char *const said[] = {
        "model.carry_noise = true is not kept: .safetensors keeps it, and from-torch takes model.KEY=VALUE\n", ""};
    for (int i = 0; i < 2; i++) {
        char notes[256] = "";
        FILE *stream = fmemopen(notes, sizeof notes, "w");
        assert_non_null(stream);
        assert_ok(torch_options_lost(d[i], stream));
        assert_int_equal(fclose(stream), 0);
        assert_string_equal(notes, said[i]);
        detector_free(d[i]);
    }
}

static void test_a_place_that_cannot_be_written(void **state) {
    (void)state;
    detector *d = tiny_detector();
    assert_fails(torch_export(detector_parameters(d), "/nowhere/tiny.pth"), STATUS_OUTPUT, "/nowhere/tiny.pth", "");
    assert_fails(safetensors_export(detector_parameters(d), d, NULL, 0, "/nowhere/tiny.safetensors"), STATUS_OUTPUT,
                 "/nowhere/tiny.safetensors", "");
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_formats_come_back),
        cmocka_unit_test(test_without_counters),
        cmocka_unit_test(test_the_usual_reduction),
        cmocka_unit_test(test_options_beside_tensors),
        cmocka_unit_test(test_options_that_do_not_fit),
        cmocka_unit_test(test_metadata_that_is_no_value),
        cmocka_unit_test(test_what_is_lost),
        cmocka_unit_test(test_a_place_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
