/* What is written as ONNX is a sound model by the rules of the format, and says what the network is. (That it computes
 * the same, tests/onnx/test_runtimes.sh shows in other runtimes.) */
#include "modules/onnx/onnx_export.h"
#include "tests/expect.h"
#include "tests/modules/formula_network.h"
#include "tests/modules/onnx/read_model.h"
#include "tests/support.h"

/* Writes the network and reads it; the caller frees it. `named`: the name of a node that the paper gives. */
static Onnx__ModelProto *model_of(const char *name, const char *setting, const char *named) {
    detector *d;
    const onnx_note notes[] = {{"threshold", "0.25"}, {"range", "image"}};
    const char *path = scratch_path("model.onnx");
    assert_ok(formula_network(name, setting, &d));
    assert_ok(onnx_export(d, 0, 0, notes, 2, path));
    Onnx__ModelProto *model = read_model(path);
    expect_sound(model, name);
    assert_string_equal(note_of(model, "network"), name);
    assert_string_equal(note_of(model, "version"), IRST_VERSION);
    assert_string_equal(note_of(model, "threshold"), "0.25");
    assert_string_equal(note_of(model, "range"), "image");
    assert_true(is_computed(model->graph, model->graph->n_node, named));
    detector_free(d);
    return model;
}

static void test_rpcanet_plus(void **state) {
    (void)state;
    Onnx__ModelProto *model = model_of("rpcanet_plus", "model.stages=2", "stage1/B");
    const Onnx__GraphProto *g = model->graph;
    assert_true(is_computed(g, g->n_node, "stage2/T"));
    assert_true(is_computed(g, g->n_node, "decos.1.sparse.convs.0"));
    assert_non_null(find_constant(g, "decos.0.sparse.epsilon"));
    assert_int_equal(count_nodes(g, "Pad"), 0); /* images of any size */
    free_model(model);
    free_model(model_of("rpcanet_plus", "model.carry_noise=true", "stage6/T"));
}

static void test_rpcanet(void **state) {
    (void)state;
    free_model(model_of("rpcanet", NULL, "stage5/D"));
}

static void test_rpcanet_plusplus(void **state) {
    (void)state;
    Onnx__ModelProto *model = model_of("rpcanet_plusplus", NULL, "stage2/B");
    assert_true(count_nodes(model->graph, "Tanh") > 0);
    assert_non_null(find_constant(model->graph, "decos.0.sparse.contrast.2.conv.weight.sums"));
    free_model(model);
}

static void test_drpcanet(void **state) {
    (void)state;
    Onnx__ModelProto *model = model_of("drpcanet", NULL, "stage5/D");
    assert_int_equal(find_constant(model->graph, "taps")->n_float_data, 81);
    free_model(model);
}

static void test_mshnet(void **state) {
    (void)state;
    Onnx__ModelProto *model = model_of("mshnet", NULL, "m3");
    assert_true(is_computed(model->graph, model->graph->n_node, "final"));
    assert_int_equal(count_nodes(model->graph, "Pad"), 1);
    assert_int_equal(count_nodes(model->graph, "Resize"), 7); /* four on the way up, three heads */
    free_model(model);
}

static void test_agpcnet(void **state) {
    (void)state;
    Onnx__ModelProto *model = model_of("agpcnet", NULL, "context.conv2.0");
    assert_int_equal(count_nodes(model->graph, "Pad"), 1);
    assert_int_equal(count_nodes(model->graph, "Softmax"), 4 * (1 + 4)); /* a patch has one of four sizes */
    free_model(model);
}

/* Two hundred megabytes of weights. */
static void test_uiunet(void **state) {
    (void)state;
    skip_if_sanitized();
    Onnx__ModelProto *model = model_of("uiunet", NULL, "d0");
    assert_int_equal(count_nodes(model->graph, "Pad"), 0);
    assert_int_equal(count_nodes(model->graph, "GlobalMaxPool"), 1);
    free_model(model);
}

/* No size is left to be computed while the model runs; `pads`: whether the image is padded. */
static void expect_fixed(detector *d, int width, int height, bool pads) {
    const char *path = scratch_path("fixed.onnx");
    assert_ok(onnx_export(d, width, height, NULL, 0, path));
    Onnx__ModelProto *model = read_model(path);
    const Onnx__TensorShapeProto *shape = model->graph->input[0]->type->tensor_type->shape;
    expect_dimension(shape, 0, NULL, 1);
    expect_dimension(shape, 2, NULL, height);
    expect_dimension(shape, 3, NULL, width);
    expect_sound_constants(model->graph);
    expect_sound_nodes(model->graph);
    assert_int_equal(count_nodes(model->graph, "Shape"), 0);
    assert_int_equal(count_nodes(model->graph, "Pad"), pads);
    assert_int_equal(count_nodes(model->graph, "Slice"), pads);
    free_model(model);
}

static void test_fixed_sizes(void **state) {
    (void)state;
    detector *d;
    assert_ok(formula_network("mshnet", NULL, &d));
    expect_fixed(d, 96, 64, false);
    expect_fixed(d, 97, 64, true);
    detector_free(d);
}

static void test_what_cannot_be_written(void **state) {
    (void)state;
    detector *d;
    assert_ok(formula_network("mpcm", NULL, &d));
    assert_fails(onnx_export(d, 0, 0, NULL, 0, scratch_path("mpcm.onnx")), STATUS_USAGE, "mpcm", "no network");
    detector_free(d);
    assert_ok(formula_network("rpcanet", NULL, &d));
    assert_fails(onnx_export(d, 0, 0, NULL, 0, "/nowhere/a.onnx"), STATUS_OUTPUT, "/nowhere/a.onnx", "");
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rpcanet_plus),
        cmocka_unit_test(test_rpcanet),
        cmocka_unit_test(test_rpcanet_plusplus),
        cmocka_unit_test(test_drpcanet),
        cmocka_unit_test(test_mshnet),
        cmocka_unit_test(test_agpcnet),
        cmocka_unit_test(test_uiunet),
        cmocka_unit_test(test_fixed_sizes),
        cmocka_unit_test(test_what_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
