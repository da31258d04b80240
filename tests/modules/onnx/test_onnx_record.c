/* What becomes of single operations in ONNX: a norm goes into its convolution where it can, zeros vanish, and what no
 * network records is refused. On small tapes of our own. */
#include "modules/network.h"
#include "modules/onnx/onnx_recorder.h"
#include "tests/expect.h"
#include "tests/modules/onnx/read_model.h"
#include "tests/support.h"

#include <math.h>
#include <string.h>

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
        cmocka_unit_test(test_a_norm_is_folded),
        cmocka_unit_test(test_a_norm_that_cannot_be_folded),
        cmocka_unit_test(test_zeros_vanish),
        cmocka_unit_test(test_zeros_that_are_needed),
        cmocka_unit_test(test_what_no_network_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
