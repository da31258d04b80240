/* What is written as ONNX is a sound model by the rules of the format, and says what the network is. (That it computes
 * the same, tests/onnx/test_runtimes.sh shows in other runtimes.) */
#include "modules/network.h"
#include "modules/onnx/onnx_export.h"
#include "modules/onnx/onnx_recorder.h"
#include "tests/expect.h"
#include "tests/modules/formula_network.h"
#include "tests/support.h"

#include "core/io/file_io.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <onnx.pb-c.h>

/* --- a model, read back --- */

static Onnx__ModelProto *read_model(const char *path) {
    uint8_t *bytes;
    size_t size;
    assert_ok(file_read(path, INT32_MAX, &bytes, &size));
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, size, bytes);
    free(bytes);
    assert_non_null(model);
    return model;
}

static void expect_dimension(const Onnx__TensorShapeProto *shape, size_t i, const char *symbol, int64_t size) {
    const Onnx__TensorShapeProto__Dimension *d = shape->dim[i];
    if (symbol) {
        assert_int_equal(d->value_case, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM);
        assert_string_equal(d->dim_param, symbol);
    } else {
        assert_int_equal(d->value_case, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE);
        assert_int_equal(d->dim_value, size);
    }
}

/* A float tensor of N x 1 x H x W, whatever these are. */
static void expect_map(const Onnx__ValueInfoProto *info, const char *name) {
    assert_string_equal(info->name, name);
    assert_int_equal(info->type->value_case, ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE);
    const Onnx__TypeProto__Tensor *map = info->type->tensor_type;
    assert_int_equal(map->elem_type, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    assert_int_equal(map->shape->n_dim, 4);
    expect_dimension(map->shape, 0, "batch", 0);
    expect_dimension(map->shape, 1, NULL, 1);
    expect_dimension(map->shape, 2, "height", 0);
    expect_dimension(map->shape, 3, "width", 0);
}

static const Onnx__TensorProto *find_constant(const Onnx__GraphProto *g, const char *name) {
    for (size_t i = 0; i < g->n_initializer; i++)
        if (!strcmp(g->initializer[i]->name, name))
            return g->initializer[i];
    return NULL;
}

/* The first `count` nodes have an output of that name. */
static bool is_computed(const Onnx__GraphProto *g, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(g->node[i]->output[0], name))
            return true;
    return false;
}

static bool is_read(const Onnx__GraphProto *g, const char *name) {
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_input; k++)
            if (!strcmp(g->node[i]->input[k], name))
                return true;
    return false;
}

static int count_nodes(const Onnx__GraphProto *g, const char *type) {
    int count = 0;
    for (size_t i = 0; i < g->n_node; i++)
        count += !strcmp(g->node[i]->op_type, type);
    return count;
}

/* Each constant has as many values as its shape says, a name of its own, and a reader. */
static void expect_sound_constants(const Onnx__GraphProto *g) {
    for (size_t i = 0; i < g->n_initializer; i++) {
        const Onnx__TensorProto *t = g->initializer[i];
        size_t count = 1;
        for (size_t k = 0; k < t->n_dims; k++)
            count *= (size_t)t->dims[k];
        bool real = t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
        assert_true(real || t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64);
        assert_int_equal(real ? t->n_float_data : t->n_int64_data, count);
        assert_ptr_equal(find_constant(g, t->name), t);
        assert_true(is_read(g, t->name));
    }
}

/* What each node takes is there before it, and nothing is computed twice, or in vain. */
static void expect_sound_nodes(const Onnx__GraphProto *g) {
    for (size_t i = 0; i < g->n_node; i++) {
        const Onnx__NodeProto *n = g->node[i];
        assert_int_equal(n->n_output, 1);
        assert_string_equal(n->name, n->output[0]);
        assert_false(is_computed(g, i, n->output[0]) || find_constant(g, n->output[0]));
        assert_true(is_read(g, n->output[0]) || !strcmp(n->output[0], "score"));
        for (size_t k = 0; k < n->n_input; k++)
            if (*n->input[k] && strcmp(n->input[k], "image") != 0 && !find_constant(g, n->input[k]) &&
                !is_computed(g, i, n->input[k]))
                fail_msg("%s takes %s, which is not there", n->name, n->input[k]);
        for (size_t k = 0; k < n->n_attribute; k++)
            assert_true(n->attribute[k]->has_type);
    }
}

static const char *note_of(const Onnx__ModelProto *model, const char *key) {
    for (size_t i = 0; i < model->n_metadata_props; i++)
        if (!strcmp(model->metadata_props[i]->key, key))
            return model->metadata_props[i]->value;
    return NULL;
}

static void expect_sound(const Onnx__ModelProto *model, const char *name) {
    const Onnx__GraphProto *g = model->graph;
    assert_int_equal(model->ir_version, 8);
    assert_int_equal(model->n_opset_import, 1);
    assert_string_equal(model->opset_import[0]->domain, "");
    assert_int_equal(model->opset_import[0]->version, 17);
    assert_string_equal(model->producer_name, "irst");
    assert_string_equal(g->name, name);
    assert_int_equal(g->n_input, 1);
    expect_map(g->input[0], "image");
    assert_int_equal(g->n_output, 1);
    expect_map(g->output[0], "score");
    assert_string_equal(g->node[g->n_node - 1]->output[0], "score");
    expect_sound_constants(g);
    expect_sound_nodes(g);
    assert_int_equal(count_nodes(g, "BatchNormalization"), 0);
}

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

static void free_model(Onnx__ModelProto *model) {
    onnx__model_proto__free_unpacked(model, NULL);
}

/* --- the networks --- */

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

/* --- small tapes of our own --- */

/* Records something on an image of one channel. */
typedef node *(*recording)(tape *t, parameter_set *set, node *image, int number);

typedef struct small {
    onnx_recordings from;
    parameter_set parameters;
    onnx_graph *graph;
    onnx_value result;
} small;

static const char *no_name(const void *context, const node *n) {
    (void)context;
    (void)n;
    return NULL;
}

static small record_small(recording record) {
    small s = {.from.count = ONNX_RECORDINGS};
    for (int i = 0; i < ONNX_RECORDINGS; i++) {
        assert_ok(tape_new(test_engine(), 1, &s.from.tapes[i]));
        node *image = tape_input(s.from.tapes[i], 1, 1, 20 + 3 * i, 40 - 5 * i);
        node *logit = record(s.from.tapes[i], &s.parameters, image, i);
        assert_ok(tape_recorded(s.from.tapes[i]));
        if (i == 0) {
            s.from.image = image;
            s.from.logit = logit;
        }
    }
    assert_ok(onnx_graph_new(&s.graph));
    s.result = onnx_record(s.graph, &s.from, &s.parameters, "image", no_name, NULL);
    return s;
}

static void free_small(small *s) {
    for (int i = 0; i < ONNX_RECORDINGS; i++)
        tape_free(s->from.tapes[i]);
    parameter_set_free(&s->parameters);
    onnx_graph_free(s->graph);
}

static Onnx__ModelProto *small_model(small *s) {
    static const onnx_dimension shape[4] = {{NULL, 1}, {NULL, 2}, {"height", 0}, {"width", 0}};
    const char *path = scratch_path("small.onnx");
    onnx_output(s->graph, s->result, "score", shape);
    assert_ok(onnx_graph_write(s->graph, "small", "", NULL, 0, path));
    return read_model(path);
}

static network small_network(tape *t, parameter_set *set) {
    return (network){.t = t, .parameters = set, .seed = 5, .statistics = NORM_RUNNING};
}

static node *conv_then_norm(network *net, node *image) {
    node *x = layer_conv(net, image, 2, 1, "conv");
    node *y = layer_batch_norm(net, x, "norm");
    static const struct {
        const char *name;
        float values[2];
    } values[] = {
        {"conv.weight", {2, -3}}, {"conv.bias", {0.5f, 1}},         {"norm.weight", {4, 0.25f}},
        {"norm.bias", {-1, 2}},   {"norm.running_mean", {1.5f, 0}}, {"norm.running_var", {0.25f, 9}},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        memcpy(parameter_find(net->parameters, values[i].name)->value, values[i].values, sizeof values[i].values);
    return y;
}

static node *record_folding(tape *t, parameter_set *set, node *image, int number) {
    (void)number;
    network net = small_network(t, set);
    return conv_then_norm(&net, image);
}

/* weight' = weight * scale, bias' = (bias - mean) * scale + shift, scale = norm.weight / sqrt(var + 1e-5) */
static void test_a_norm_is_folded(void **state) {
    (void)state;
    small s = record_small(record_folding);
    Onnx__ModelProto *model = small_model(&s);
    const Onnx__GraphProto *g = model->graph;
    assert_int_equal(g->n_node, 1);
    assert_int_equal(g->n_initializer, 2);
    const float *weight = find_constant(g, "conv.weight")->float_data,
                *bias = find_constant(g, "conv.bias")->float_data;
    double scale[] = {4 / sqrt(0.25 + 1e-5), 0.25 / sqrt(9 + 1e-5)};
    assert_true(fabs(weight[0] - 2 * scale[0]) < 1e-5);
    assert_true(fabs(weight[1] - -3 * scale[1]) < 1e-6);
    assert_true(fabs(bias[0] - ((0.5 - 1.5) * scale[0] - 1)) < 1e-5);
    assert_true(fabs(bias[1] - ((1 - 0.0) * scale[1] + 2)) < 1e-6);
    free_model(model);
    free_small(&s);
}

/* The convolution is read twice, so that its value is needed as it is. */
static node *record_shared(tape *t, parameter_set *set, node *image, int number) {
    (void)number;
    network net = small_network(t, set);
    node *y = conv_then_norm(&net, image);
    return add_weighted(t, y->input[0], 0.5f, y, -1);
}

static void test_a_norm_that_cannot_be_folded(void **state) {
    (void)state;
    small s = record_small(record_shared);
    Onnx__ModelProto *model = small_model(&s);
    const Onnx__GraphProto *g = model->graph;
    assert_int_equal(find_constant(g, "conv.weight")->float_data[0], 2);
    const float *scale = find_constant(g, "norm.weight.scale")->float_data;
    assert_true(fabs(scale[1] - 0.25 / sqrt(9 + 1e-5)) < 1e-7);
    assert_int_equal(count_nodes(g, "Mul"), 2); /* the norm, and 0.5 */
    assert_int_equal(count_nodes(g, "Sub"), 1);
    free_model(model);
    free_small(&s);
}

static node *record_zeros(tape *t, parameter_set *set, node *image, int number) {
    (void)set;
    (void)number;
    node *zero = tape_input(t, 1, 1, image->value.h, image->value.w);
    return relu(t, subtract(t, add(t, zero, image), zero));
}

static void test_zeros_vanish(void **state) {
    (void)state;
    small s = record_small(record_zeros);
    Onnx__ModelProto *model = small_model(&s);
    assert_int_equal(model->graph->n_node, 1);
    assert_string_equal(model->graph->node[0]->input[0], "image");
    free_model(model);
    free_small(&s);
}

static node *record_zero_map(tape *t, parameter_set *set, node *image, int number) {
    (void)set;
    (void)number;
    return sigmoid(t, tape_input(t, 1, 1, image->value.h, image->value.w));
}

static void test_zeros_that_are_needed(void **state) {
    (void)state;
    small s = record_small(record_zero_map);
    Onnx__ModelProto *model = small_model(&s);
    assert_int_equal(count_nodes(model->graph, "Sub"), 1);
    assert_string_equal(model->graph->node[0]->input[1], "image");
    free_model(model);
    free_small(&s);
}

/* --- what no network records --- */

static void expect_failure(recording record, const char *a, const char *b) {
    small s = record_small(record);
    assert_null(s.result);
    assert_fails(onnx_graph_status(s.graph), STATUS_USAGE, a, b);
    assert_fails(onnx_graph_write(s.graph, "small", "", NULL, 0, scratch_path("none.onnx")), STATUS_USAGE, a, b);
    free_small(&s);
}

static node *record_loss(tape *t, parameter_set *set, node *image, int number) {
    (void)set;
    (void)number;
    return mse(t, relu(t, image), image);
}

static node *record_other_zeros(tape *t, parameter_set *set, node *image, int number) {
    (void)set;
    (void)number;
    return relu(t, tape_input(t, 1, 2, image->value.h, image->value.w));
}

static node *record_other_operations(tape *t, parameter_set *set, node *image, int number) {
    (void)set;
    return number == 2 ? sigmoid(t, image) : relu(t, image);
}

static node *record_own_size(tape *t, parameter_set *set, node *image, int number) {
    (void)set;
    return resize_bilinear(t, image, 7 + number * number, 9, true);
}

static node *record_many_bins(tape *t, parameter_set *set, node *image, int number) {
    (void)set;
    (void)number;
    return adaptive_max_pool(t, image, 13, 2);
}

static void test_what_no_network_records(void **state) {
    (void)state;
    expect_failure(record_loss, "mse", "cannot be written");
    expect_failure(record_other_zeros, "zeros", "another shape");
    expect_failure(record_other_operations, "other operations", "");
    expect_failure(record_own_size, "resize_bilinear", "size");
    expect_failure(record_many_bins, "13x2 bins", "at most 12");
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
        cmocka_unit_test(test_a_norm_is_folded),
        cmocka_unit_test(test_a_norm_that_cannot_be_folded),
        cmocka_unit_test(test_zeros_vanish),
        cmocka_unit_test(test_zeros_that_are_needed),
        cmocka_unit_test(test_what_no_network_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
