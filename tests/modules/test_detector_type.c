/* What a network that somebody adds may ask for, leave out or get wrong. */
#include "modules/detector_private.h"
#include "tests/expect.h"
#include "tests/support.h"

static node *conv(network *net, node *x, int channels, bool no_bias) {
    return layer_conv2d(net, x, channels, (layer_options){.kernel = 3, .no_bias = no_bias}, "last");
}

static void build_plain(const config *options, network *net, node *image, network_outputs *out) {
    (void)options;
    out->logit = conv(net, image, 1, false);
}

static void build_without_bias(const config *options, network *net, node *image, network_outputs *out) {
    (void)options;
    out->logit = conv(net, image, 1, true);
    network_add_prior(out, "last");
}

static void build_nothing(const config *options, network *net, node *image, network_outputs *out) {
    (void)options;
    (void)out;
    conv(net, image, 1, false);
}

static void build_two_channels(const config *options, network *net, node *image, network_outputs *out) {
    (void)options;
    out->logit = conv(net, image, 2, false);
}

static void build_small_map(const config *options, network *net, node *image, network_outputs *out) {
    (void)options;
    out->logit = conv(net, image, 1, false);
    network_add_stage(out, 1, max_pool(net->t, image, 2, 2, false), out->logit, NULL, NULL);
}

/* Halved five times and back: sides have to be multiples of 32. */
static void build_deep(const config *options, network *net, node *image, network_outputs *out) {
    (void)options;
    node *x = image;
    for (int i = 0; i < 5; i++)
        x = max_pool(net->t, x, 2, 2, false);
    x = resize_bilinear(net->t, x, 32 * x->value.h, 32 * x->value.w, true);
    out->logit = conv(net, add(net->t, x, image), 1, false);
    network_add_prior(out, "last");
}

typedef void builder(const config *options, network *net, node *image, network_outputs *out);

/* As detector_new does it, of a type that is in no registry. */
static detector detector_of(detector_type *type, builder *build, side_rule sides) {
    *type =
        (detector_type){.name = "added", .title = "Added", .score = SCORE_PROBABILITY, .build = build, .sides = sides};
    return (detector){.engine = test_engine(), .type = type, .input = input_grey};
}

static void test_sides(void **state) {
    (void)state;
    detector_type type;
    detector d = detector_of(&type, build_deep, (side_rule){.multiple = 32, .least = 32});
    network_outputs outputs;
    detector_maps maps;
    static float image[33 * 70];
    assert_ok(detector_probe(&d, &outputs));
    assert_ok(detector_set_prior(&d, 0.1));
    assert_ok(detector_run(&d, image, 33, 70, DETAIL_STAGES, &maps));
    assert_true(maps.width == 33 && maps.height == 70);
    detector_drop_inference(&d);
    parameter_set_free(&d.parameters);
}

static void test_outputs(void **state) {
    (void)state;
    static const struct {
        builder *build;
        const char *told[2];
    } cases[] = {{build_nothing, {"added", "no logit map"}},
                 {build_two_channels, {"added: logit: 1x2x80x80", "expected one map"}},
                 {build_small_map, {"added: stage1/B: 1x1x40x40", "80x80 pixels"}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        detector_type type;
        detector d = detector_of(&type, cases[i].build, (side_rule){0});
        network_outputs outputs;
        assert_fails(detector_probe(&d, &outputs), STATUS_USAGE, cases[i].told[0], cases[i].told[1]);
        parameter_set_free(&d.parameters);
    }
}

static void test_prior(void **state) {
    (void)state;
    static const struct {
        builder *build;
        const char *told;
    } cases[] = {{build_plain, "names no layer"}, {build_without_bias, "last, which is no layer with a bias"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        detector_type type;
        detector d = detector_of(&type, cases[i].build, (side_rule){0});
        assert_fails(detector_set_prior(&d, 0.1), STATUS_USAGE, "added", cases[i].told);
        parameter_set_free(&d.parameters);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_prior),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
