/* DRPCA-Net: the published parameter count, its equations, any image size, the loss falls, options told from tensors.
 */
#include "modules/detector.h"
#include "modules/layer_name.h"
#include "modules/tensor_options.h"
#include "tests/expect.h"
#include "tests/modules/descent.h"
#include "tests/modules/unrolled_checks.h"

#include <math.h>
#include <stdlib.h>

static detector *network(const char *stages, const char *channels) {
    return unrolled_network("drpcanet", stages, channels);
}

/* 1.169 M are published. */
static void test_parameter_counts(void **state) {
    (void)state;
    for (int k = 1; k <= 6; k += 5) {
        detector *d = network(layer_named("%d", k).text, "32");
        assert_int_equal(parameter_count_trained(detector_parameters(d)), 194830 * k);
        if (k == 6)
            assert_true(fabs(194830 * k / 1e6 - 1.169) < 5e-4);
        detector_free(d);
    }
}

static void test_any_image_size(void **state) {
    (void)state;
    detector *d = network("2", "4");
    check_any_image_size(d);
    detector_free(d);
}

/* What a hypernetwork makes of a map's mean: its weights are 1, its biases the ones given. */
static double generated(double mean, double first, double last) {
    return 1 / (1 + exp(-(last + 3 * fmax(0, mean + first))));
}

static void set_generator(detector *d, int stage, const char *symbol, float first, float last) {
    layer_name name = layer_named("decos.%d.sparse.%s_generator.generator", stage, symbol);
    fill_parameter(d, layer_named("%s.1.weight", name.text).text, 1);
    fill_parameter(d, layer_named("%s.1.bias", name.text).text, first);
    fill_parameter(d, layer_named("%s.3.weight", name.text).text, 1);
    fill_parameter(d, layer_named("%s.3.bias", name.text).text, last);
}

static double mean_of(const double *map) {
    double sum = 0;
    for (int i = 0; i < STAGES_PIXELS; i++)
        sum += map[i];
    return sum / STAGES_PIXELS;
}

/* T^k = x - epsilon H with H a number: x and both factors by hand, from the maps of the stages. */
static void test_steps_by_hand(void **state) {
    (void)state;
    const double H = 0.8;
    double x[STAGES_PIXELS];
    detector *d = network("2", "4");
    for (int k = 0; k < 2; k++) {
        set_generator(d, k, "gamma", 0.2f, -0.3f);
        set_generator(d, k, "epsilon", 0.1f, -0.6f);
        fill_parameter(d, layer_named("decos.%d.sparse.convs.14.weight", k).text, 0);
        fill_parameter(d, layer_named("decos.%d.sparse.convs.14.bias", k).text, (float)H);
    }
    detector_maps maps;
    const float *image = run_two_stages(d, &maps);
    for (int k = 0; k < 2; k++) {
        const float *D = k ? maps.stages[2].map : image, *T = k ? maps.stages[1].map : NULL;
        const float *B = maps.stages[3 * k].map, *result = maps.stages[3 * k + 1].map;
        for (int i = 0; i < STAGES_PIXELS; i++)
            x[i] = T ? T[i] : 0;
        double gamma = generated(mean_of(x), 0.2f, -0.3f);
        for (int i = 0; i < STAGES_PIXELS; i++)
            x[i] = gamma * x[i] + (1 - gamma) * ((double)D[i] - B[i]);
        double epsilon = generated(mean_of(x), 0.1f, -0.6f);
        for (int i = 0; i < STAGES_PIXELS; i++)
            assert_true(fabs(result[i] - (x[i] - epsilon * H)) < 1e-5 * (1 + fabs(D[i]) + fabs(B[i])));
    }
    detector_free(d);
}

static void test_the_loss_falls(void **state) {
    (void)state;
    detector *d = network("2", "6");
    expect_descent(d, 0.01);
    detector_free(d);
}

static const named_shape published[] = {
    {"decos.0.lowrank.convs.0.weight", 4, {8, 1, 3, 3}},
    {"decos.0.lowrank.convs.3.weight", 4, {1, 8, 3, 3}},
    {"decos.0.sparse.convs.0.weight", 4, {8, 1, 3, 3}},
    {"decos.0.sparse.convs.2.weight", 4, {8, 8, 3, 3}},
    {"decos.0.sparse.convs.4.weight", 4, {1, 8, 3, 3}},
    {"decos.0.sparse.gamma_generator.generator.1.weight", 4, {3, 1, 1, 1}},
    {"decos.0.merge.mapping.0.weight", 4, {8, 1, 1, 1}},
    {"decos.0.merge.mapping.3.body.0.body.0.weight", 4, {8, 8, 3, 3}},
    {"decos.0.merge.mapping.3.body.1.body.0.weight", 4, {8, 8, 3, 3}},
    {"decos.0.merge.mapping.3.body.2.weight", 4, {8, 8, 3, 3}},
    {"decos.1.lowrank.convs.0.weight", 4, {8, 1, 3, 3}},
};
enum { PUBLISHED = sizeof published / sizeof *published };

static void test_options_from_tensors(void **state) {
    (void)state;
    static const option_value options[] = {
        {"model.stages", 2},        {"model.total_channels", 8},        {"model.background_layers", 0},
        {"model.target_layers", 1}, {"model.reconstruction_blocks", 2}, {0},
    };
    check_options_from_tensors(published, PUBLISHED, "drpcanet", options);
    check_missing_tensor(published + 1, PUBLISHED - 2,
                         "lowrank.convs.0.weight"); /* the layer that tells the channels */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameter_counts),     cmocka_unit_test(test_any_image_size),
        cmocka_unit_test(test_steps_by_hand),        cmocka_unit_test(test_the_loss_falls),
        cmocka_unit_test(test_options_from_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
