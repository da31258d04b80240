/* RPCANet++: published parameter counts, its equations, any image size, the loss falls, options told from tensors,
 * published checkpoints. */
#include "modules/detector.h"
#include "modules/layer_name.h"
#include "modules/tensor_options.h"
#include "modules/torch/torch_export.h"
#include "modules/torch/torch_import.h"
#include "tests/expect.h"
#include "tests/modules/descent.h"
#include "tests/modules/unrolled_checks.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static detector *network(const char *stages, const char *channels) {
    return unrolled_network("rpcanet_plusplus", stages, channels);
}

/* Those that compute: 1.435 M and 2.915 M are published for 3 and 6 stages. A stage has 493 597, without the forget
 * gate and the layers of the state that the first one gets from nowhere. */
static void test_parameter_counts(void **state) {
    (void)state;
    static const struct {
        const char *stages;
        int64_t count;
        double published; /* millions */
    } cases[] = {{"1", 447357, 0}, {"3", 1434551, 1.435}, {"6", 2915342, 2.915}, {"9", 4396133, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        detector *d = network(cases[i].stages, "32");
        assert_int_equal(parameter_count_trained(detector_parameters(d)), cases[i].count);
        if (cases[i].published > 0)
            assert_true(fabs((double)cases[i].count / 1e6 - cases[i].published) < 5e-4);
        detector_free(d);
    }
}

static void test_any_image_size(void **state) {
    (void)state;
    detector *d = network("2", "4");
    check_any_image_size(d);
    detector_free(d);
}

static void test_stage_maps(void **state) {
    (void)state;
    detector *d = network("2", "4");
    check_stages_without_shrinkage(d);
    detector_free(d);
}

/* W's value where its second block and last layer hand on the sum of h: 4 channels of h. */
static void hand_on_the_state(detector *d, int stage) {
    static const char *const blocks[] = {"RB_2.conv2.weight", "RB_2.conv2.bias", "convC_1.weight", "convC_1.bias"};
    for (int i = 0; i < 4; i++)
        fill_parameter(d, layer_named("decos.%d.lowrank.%s", stage, blocks[i]).text, 0);
    parameter *last =
        parameter_find(detector_parameters(d), layer_named("decos.%d.lowrank.convC_1.weight", stage).text);
    for (int c = 0; c < 4; c++)
        last->value[c * 9 + 4] = 1; /* the middle of each kernel */
}

/* All layers of the memory 0 apart from biases: gates and news are the same everywhere. */
static void test_memory_by_hand(void **state) {
    (void)state;
    const double i = 0.3, j = -0.7, o = 0.4, f = 1.1; /* what the gates and the news see */
    static const char gates[] = "ijof";
    const double biases[] = {i, j, o, f};
    detector *d = network("2", "4");
    for (int stage = 0; stage < 2; stage++) {
        for (int g = 0; g < (stage ? 4 : 3); g++) {
            fill_parameter(d, layer_named("decos.%d.lowrank.ConvLSTM.conv_x%c.weight", stage, gates[g]).text, 0);
            fill_parameter(d, layer_named("decos.%d.lowrank.ConvLSTM.conv_x%c.bias", stage, gates[g]).text,
                           (float)biases[g]);
            if (stage) {
                fill_parameter(d, layer_named("decos.1.lowrank.ConvLSTM.conv_h%c.weight", gates[g]).text, 0);
                fill_parameter(d, layer_named("decos.1.lowrank.ConvLSTM.conv_h%c.bias", gates[g]).text, 0);
            }
        }
        hand_on_the_state(d, stage);
    }
    detector_maps maps;
    const float *image = run_two_stages(d, &maps);
    double c = tanh(j) / (1 + exp(-i)), h = c / (1 + exp(-o));
    const float *B1 = maps.stages[0].map, *T1 = maps.stages[1].map, *D1 = maps.stages[2].map, *B2 = maps.stages[3].map;
    for (int k = 0; k < STAGES_PIXELS; k++)
        assert_true(fabs(B1[k] - image[k] - 4 * h) < 1e-5);
    c = c / (1 + exp(-f)) + c;
    h = tanh(c) / (1 + exp(-o));
    for (int k = 0; k < STAGES_PIXELS; k++)
        assert_true(fabs(B2[k] - (D1[k] - T1[k]) - 4 * h) < 1e-5 * (1 + fabs(D1[k]) + fabs(T1[k])));
    detector_free(d);
}

static void test_the_loss_falls(void **state) {
    (void)state;
    detector *d = network("2", "6");
    expect_descent(d, 0.01);
    detector_free(d);
}

/* --- published checkpoints --- */

static const named_shape published[] = {
    {"decos.0.lowrank.conv1_C.0.weight", 4, {8, 1, 3, 3}},
    {"decos.0.lowrank.ConvLSTM.conv_xi.weight", 4, {8, 8, 3, 3}},
    {"decos.0.sparse.epsilon", 1, {1}},
    {"decos.0.sparse.contrast.0.weight", 4, {8, 1, 3, 3}},
    {"decos.0.sparse.contrast.2.conv.weight", 4, {8, 8, 11, 11}},
    {"decos.0.sparse.convs.0.weight", 4, {8, 1, 3, 3}},
    {"decos.0.sparse.convs.2.weight", 4, {8, 8, 3, 3}},
    {"decos.0.sparse.convs.4.weight", 4, {1, 8, 3, 3}},
    {"decos.0.merge.mapping.0.weight", 4, {8, 1, 3, 3}},
    {"decos.0.merge.mapping.3.weight", 4, {1, 8, 3, 3}},
    {"decos.1.lowrank.conv1_C.0.weight", 4, {8, 1, 3, 3}},
};
enum { PUBLISHED = sizeof published / sizeof *published };

static void test_options_from_tensors(void **state) {
    (void)state;
    static const option_value options[] = {
        {"model.stages", 2},          {"model.total_channels", 8},
        {"model.target_layers", 1},   {"model.reconstruction_layers", 0},
        {"model.contrast_radius", 5}, {0},
    };
    check_options_from_tensors(published, PUBLISHED, "rpcanet_plusplus", options);
    check_missing_tensor(published + 1, PUBLISHED - 2,
                         "lowrank.conv1_C.0.weight"); /* the layer that tells the channels */
}

/* The authors' first stage owns layers that it never uses; tensors without a place are superfluous still. */
static void test_unused_tensors(void **state) {
    (void)state;
    static const char *const extra[] = {"decos.0.lowrank.ConvLSTM.conv_xf.weight",
                                        "decos.0.lowrank.ConvLSTM.conv_hi.bias", "decos.0.lowrank.ConvLSTM.conv_z"};
    detector *d = network("1", "4"), *read;
    const char *path = scratch_path("plusplus.pth");
    for (int i = 0; i < 3; i++) {
        int shape[] = {2};
        assert_non_null(parameter_add(detector_parameters(d), PARAMETER_TRAINED, 1, shape, "%s", extra[i]));
        assert_ok(torch_export(detector_parameters(d), path));
        if (i == 2) {
            assert_fails(torch_import(test_engine(), path, &read), STATUS_INPUT, extra[i], "superfluous");
            continue;
        }
        assert_ok(torch_import(test_engine(), path, &read));
        assert_string_equal(detector_name(read), "rpcanet_plusplus");
        assert_null(parameter_find(detector_parameters(read), extra[i]));
        detector_free(read);
    }
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameter_counts), cmocka_unit_test(test_any_image_size),
        cmocka_unit_test(test_stage_maps),       cmocka_unit_test(test_memory_by_hand),
        cmocka_unit_test(test_the_loss_falls),   cmocka_unit_test(test_options_from_tensors),
        cmocka_unit_test(test_unused_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
