/* RPCANet+: parameter counts and names, what each option changes, any image size. */
#include "modules/checkpoint.h"
#include "modules/detector.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t count_of(const char *stages, const char *bottleneck, const char *noise_layers) {
    const char *options[] = {"model.stages", stages, "model.bottleneck_channels", bottleneck, "model.noise_layers",
                             noise_layers,   NULL};
    detector *d;
    assert_ok(golden_detector(options, &d));
    int64_t count = parameter_count_trained(detector_parameters(d));
    detector_free(d);
    return count;
}

static void test_parameter_counts(void **state) {
    (void)state;
    for (int k = 1; k <= 7; k++) {
        char stages[12];
        snprintf(stages, sizeof stages, "%d", k);
        assert_int_equal(count_of(stages, "4", "6"), 35986 * k);
    }
    assert_int_equal(count_of("6", "16", "6"), 475188); /* the published NUDT-SIRST checkpoint */
    assert_int_equal(count_of("6", "16", "3"), 433428); /* the published IRSTD-1k checkpoint */
}

/* The reference network's state_dict, in its order. */
static void test_parameter_names(void **state) {
    (void)state;
    char path[4096], **names;
    int count;
    h5_file *file;
    detector *d;
    snprintf(path, sizeof path, "%s/reference/rpcanet_plus.h5", require_shared_folder());
    assert_ok(h5_open(path, &file));
    assert_ok(h5_read_strings(file, "state/names", &names, &count));
    assert_ok(golden_detector((const char *[]){NULL}, &d));
    const parameter_set *set = detector_parameters(d);
    assert_int_equal(set->count, count);
    for (int i = 0; i < count; i++) {
        assert_string_equal(set->items[i]->name, names[i]);
        free(names[i]);
    }
    free(names);
    detector_free(d);
    h5_close(file);
}

static float *ramp(int width, int height) {
    float *image = malloc((size_t)width * (size_t)height * sizeof *image);
    assert_non_null(image);
    for (int i = 0; i < width * height; i++)
        image[i] = (float)((i * 37) % 101) / 101;
    return image;
}

static void test_any_image_size(void **state) {
    (void)state;
    static const int sizes[][2] = {{1, 1}, {1, 9}, {7, 1}, {33, 20}, {64, 48}};
    detector *d;
    assert_ok(golden_detector((const char *[]){"model.stages", "1", NULL}, &d));
    for (int i = 0; i < 5; i++) {
        int width = sizes[i][0], height = sizes[i][1];
        float *image = ramp(width, height);
        detector_maps maps;
        assert_ok(detector_run(d, image, width, height, DETAIL_RECONSTRUCTION, &maps));
        for (int k = 0; k < width * height; k++) {
            assert_true(isfinite(maps.logit[k]) && isfinite(maps.reconstruction[k]));
            assert_true(fabsf(maps.score[k] - 1 / (1 + expf(-maps.logit[k]))) < 1e-6f);
        }
        free(image);
    }
    detector_free(d);
}

/* The stages' maps obey the equations: with N restarted, D^k depends on T^k, B^k and N^k alone; the logit is T^K. */
static void test_stage_maps(void **state) {
    (void)state;
    enum { SIDE = 32 };
    detector *d;
    detector_maps maps;
    float *image = ramp(SIDE, SIDE);
    assert_ok(golden_detector((const char *[]){"model.stages", "3", "model.carry_noise", "true", NULL}, &d));
    assert_ok(detector_run(d, image, SIDE, SIDE, DETAIL_STAGES, &maps));
    assert_int_equal(maps.stage_count, 12);
    assert_string_equal(maps.stages[9].name, "stage3/T");
    assert_memory_equal(maps.stages[9].map, maps.logit, SIDE * SIDE * sizeof(float));
    assert_memory_equal(maps.stages[11].map, maps.reconstruction, SIDE * SIDE * sizeof(float));
    float carried = maps.logit[5];
    detector *reset;
    assert_ok(golden_detector((const char *[]){"model.stages", "3", NULL}, &reset));
    assert_ok(detector_run(reset, image, SIDE, SIDE, DETAIL_SCORE, &maps));
    assert_true(maps.logit[5] != carried);
    assert_null(maps.reconstruction);
    detector_free(d);
    detector_free(reset);
    free(image);
}

static status write_checkpoint(const char *path, detector *d) {
    h5_file *file;
    TRY(h5_create(path, &file));
    status result = checkpoint_write_model(file, d, true);
    if (result == STATUS_OK)
        return h5_commit(file);
    h5_close(file);
    return result;
}

static void test_checkpoint(void **state) {
    (void)state;
    detector *d, *back;
    const char *path = scratch_path("network.h5");
    assert_ok(golden_detector((const char *[]){"model.stages", "2", "model.total_channels", "8", NULL}, &d));
    assert_ok(write_checkpoint(path, d));
    assert_ok(checkpoint_load(test_engine(), path, &back));
    const parameter_set *a = detector_parameters(d), *b = detector_parameters(back);
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++)
        assert_memory_equal(a->items[i]->value, b->items[i]->value, a->items[i]->count * sizeof(float));
    detector_free(back);
    detector *other;
    h5_file *file;
    assert_ok(golden_detector((const char *[]){"model.stages", "2", "model.total_channels", "12", NULL}, &other));
    assert_ok(h5_open(path, &file));
    assert_fails(checkpoint_read_model(file, other), STATUS_INPUT, "lowrank.convs.12.weight", "expected (12, 4, 3, 3)");
    h5_close(file);
    detector_free(other);
    a->items[3]->value[0] = NAN;
    assert_ok(write_checkpoint(path, d));
    assert_fails(checkpoint_load(test_engine(), path, &back), STATUS_INPUT, a->items[3]->name, "finite");
    detector_free(d);
}

/* The convolutions counted by hand: multiply-adds a pixel of the four modules, and the gates' two 1x1 layers. */
static void test_flops(void **state) {
    (void)state;
    enum { STAGES = 2, SIDE = 24, BATCH = 3 };
    const double tail = 9 * 4 * 32 + 9 * 32; /* BC -> TC -> 1 */
    const double background = 4 + 3 * 9 * 4 * 4 + tail, target = 4 + 6 * 9 * 4 * 4 + tail;
    const double noise = 9 * 4 + 6 * 9 * 4 * 4 + tail, reconstruction = 9 * 32 + 3 * 9 * 32 * 32 + 9 * 32;
    const double pixels = SIDE * SIDE, gates = 2 * 32 * 2;
    const double stage = 2 * ((background + target + noise + reconstruction) * pixels + 4 * gates);
    detector *d;
    detector_maps maps;
    float *image = ramp(SIDE, SIDE);
    assert_ok(golden_detector((const char *[]){"model.stages", "2", NULL}, &d));
    assert_true(detector_inference_flops(d) == 0 && detector_training_flops(d) == 0);
    assert_ok(detector_run(d, image, SIDE, SIDE, DETAIL_RECONSTRUCTION, &maps));
    assert_true(detector_inference_flops(d) == STAGES * stage);
    assert_ok(detector_run(d, image, SIDE, SIDE, DETAIL_SCORE, &maps));
    assert_true(detector_inference_flops(d) == STAGES * stage - 2 * ((noise + reconstruction) * pixels + 2 * gates));
    assert_ok(detector_begin_training(
        d, &(detector_training){.batch_size = BATCH, .width = SIDE, .height = SIDE, .eta = 0.1}));
    assert_true(detector_training_flops(d) == 3 * STAGES * stage);
    detector_free(d);
    free(image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameter_counts), cmocka_unit_test(test_parameter_names),
        cmocka_unit_test(test_any_image_size),   cmocka_unit_test(test_stage_maps),
        cmocka_unit_test(test_checkpoint),       cmocka_unit_test(test_flops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
