/* Rewriting of the tape: with and without it every network gives the same values and gradients. */
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"
#include "core/base/rng.h"
#include "modules/detector_type.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 2 };

typedef enum mode { TRAINING, FROZEN, RECOMPUTED, INFERENCE } mode;
static const char *const mode_names[] = {"training", "frozen", "recomputed", "inference"};

/* Fused operations that a network ends up with, by name; the last is NULL. */
enum { MOST_FUSED = 4 };

typedef struct subject {
    const char *network, *settings[4];
    int side;
    const char *trained[MOST_FUSED], *inferred[MOST_FUSED];
} subject;

static const subject small[] = {
    {"rpcanet_plus",
     {"model.stages=2", "model.total_channels=12", "model.se_reduction=4", "model.carry_noise=true"},
     24,
     {"conv2d_relu", "norm_conv2d", "gated_conv2d", "gated_conv_pair"},
     {"conv2d_relu", "folded_conv2d", "gated_conv2d", "gated_conv_pair"}},
    {"rpcanet",
     {"model.stages=2", "model.total_channels=9"},
     24,
     {"conv2d_relu", "norm_conv2d"},
     {"conv2d_relu", "folded_conv2d"}},
    {"rpcanet_plusplus",
     {"model.stages=2", "model.total_channels=9", "model.contrast_radius=3"},
     24,
     {"conv2d_relu", "norm_conv2d", "weighted_sum"},
     {"conv2d_relu", "folded_conv2d", "weighted_sum"}},
    {"drpcanet",
     {"model.stages=2", "model.total_channels=9", "model.reconstruction_blocks=2"},
     24,
     {"conv2d_relu", "norm_conv2d"},
     {"conv2d_relu", "folded_conv2d"}},
    {"mshnet", {0}, 32, {"conv2d_relu", "norm_conv2d"}, {"conv2d_relu", "folded_conv2d"}},
};
static const subject large[] = {
    {"agpcnet", {0}, 80, {"batch_norm_relu", "norm_conv2d"}, {"folded_conv2d"}},
    {"uiunet", {0}, 32, {"batch_norm_relu"}, {"folded_conv2d"}},
};

static detector *detector_of(const subject *s, config **options) {
    detector *d;
    assert_ok(config_new(options));
    assert_ok(config_declare(*options, &detector_name_key, 1));
    assert_ok(config_set(*options, "model.name", s->network, "test"));
    assert_ok(detector_declare_options(*options));
    for (int i = 0; i < 4 && s->settings[i]; i++)
        assert_ok(config_override(*options, s->settings[i]));
    assert_ok(detector_new(test_engine(), *options, 3, &d));
    return d;
}

/* --- one recorded network --- */

typedef struct graph {
    tape *t;
    node *image, *mask;
    network_outputs outputs;
    loss_nodes loss;
} graph;

static void record(const detector_type *type, const config *options, detector *d, int side, mode m, bool plain,
                   graph *g) {
    static const int64_t step = 5;
    *g = (graph){0};
    assert_ok(tape_new(test_engine(), IMAGES, &g->t));
    network net = {.t = g->t,
                   .parameters = detector_parameters(d),
                   .statistics = m == INFERENCE || m == FROZEN ? NORM_RUNNING : NORM_BATCH,
                   .training = m != INFERENCE,
                   .phase = detector_last_phase(d),
                   .step = &step};
    g->image = tape_input(g->t, IMAGES, detector_type_input(type, options).channels, side, side);
    g->mask = tape_input(g->t, IMAGES, 1, side, side);
    type->build(options, &net, g->image, &g->outputs);
    if (m != INFERENCE)
        type->loss(options, &net, &g->outputs, g->image, g->mask, 0.1, &g->loss);
    tape_pin(g->t, g->outputs.logit);
    tape_set_recompute(g->t, m == RECOMPUTED);
    if (plain)
        tape_leave_plain(g->t);
    assert_ok(tape_plan(g->t, g->loss.total));
}

/* noise: as much is added to each number, with a sign of its own; of stream number `stream`. */
static void fill(const node *leaf, bool mask, float noise, uint64_t stream) {
    size_t count = (size_t)tensor_count(&leaf->value);
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    rng r = rng_new(9, 0), signs = rng_new(10, stream);
    for (size_t i = 0; i < count; i++) {
        float u = (float)rng_uniform(&r);
        numbers[i] = mask ? u > 0.9f : u + (rng_uniform(&signs) < 0.5 ? noise : -noise);
    }
    tensor_from_array(&leaf->value, numbers);
    free(numbers);
}

/* What a run leaves: the logits, and all gradients, parameter by parameter. */
typedef struct results {
    size_t count, pieces;
    size_t *piece; /* of each number */
    float *numbers;
} results;

static results collect(const graph *g, detector *d) {
    const parameter_set *p = detector_parameters(d);
    size_t pixels = (size_t)tensor_count(&g->outputs.logit->value), count = pixels;
    for (int i = 0; i < p->count; i++)
        count += p->items[i]->grad ? p->items[i]->count : 0;
    results r = {count, 1, calloc(count, sizeof *r.piece), calloc(count, sizeof *r.numbers)};
    assert_true(r.piece && r.numbers);
    tensor_to_array(&g->outputs.logit->value, r.numbers);
    size_t at = pixels;
    for (int i = 0; i < p->count; i++)
        for (size_t k = 0; p->items[i]->grad && k < p->items[i]->count; k++, at++) {
            r.numbers[at] = p->items[i]->grad[k];
            r.piece[at] = (size_t)i + 1;
        }
    r.pieces += (size_t)p->count;
    return r;
}

static void release(results *r) {
    free(r->piece);
    free(r->numbers);
}

static results run(graph *g, detector *d, float noise, uint64_t stream) {
    fill(g->image, false, noise, stream);
    fill(g->mask, true, 0, 0);
    parameter_clear_gradients(detector_parameters(d));
    tape_forward(g->t);
    if (g->loss.total)
        tape_backward(g->t);
    return collect(g, d);
}

static bool has(const tape *t, const char *name) {
    for (int i = 0; i < tape_node_count(t); i++) {
        const node *n = tape_node(t, i);
        if (n->op && n->plan->used && !strcmp(n->op->name, name))
            return true;
    }
    return false;
}

/* --- the comparison --- */

/* Sums are rounded in another order, and single ReLU inputs near 0 change side with them, which moves a gradient by up
 * to a hundredth, on one processor in this network and on another in that one. How far is measured: by plain runs on
 * images that differ by little more than a rounding error. A gradient may be off by TENSOR_LIMIT of its norm, by NOISE
 * of the norm of all where it all but vanishes (a bias in front of a batch norm), and by NEAR times what these runs
 * are; a logit by VALUE_LIMIT of the largest, and the same. */
#define VALUE_LIMIT 2e-5 /* of the largest logit */
#define TENSOR_LIMIT 1e-2
#define NOISE 1e-6
#define GRADIENT_LIMIT 1e-3 /* of the norm of all gradients */
#define NEAR 3
enum { NEIGHBOURS = 3 };
#define NEIGHBOUR_NOISE 1e-6f

/* The largest distance of two logits. */
static double value_distance(const results *a, const results *b) {
    double off = 0;
    for (size_t i = 0; i < a->count && a->piece[i] == 0; i++)
        off = deviation_worse(off, fabs((double)a->numbers[i] - (b ? b->numbers[i] : 0)));
    return off;
}

static void compare_values(const char *what, const results *plain, const results *fused, const results *neighbours) {
    double largest = value_distance(plain, NULL), off = value_distance(plain, fused), near = 0;
    for (int k = 0; k < NEIGHBOURS; k++)
        near = fmax(near, value_distance(plain, &neighbours[k]));
    if (!(off <= VALUE_LIMIT * largest + NEAR * near))
        fail_msg("%s: logits are off by %.3g of %.3g, those of its neighbours by %.3g", what, off, largest, near);
}

/* The distances of the gradients of a and b, piece by piece, and of all of them: out[0]. */
static void distances(const results *a, const results *b, double *out) {
    for (size_t i = 0; i < a->pieces; i++)
        out[i] = 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->piece[i] > 0) {
            double off = (double)a->numbers[i] - (b ? b->numbers[i] : 0);
            out[a->piece[i]] += off * off;
            out[0] += off * off;
        }
    for (size_t i = 0; i < a->pieces; i++)
        out[i] = sqrt(out[i]);
}

static void compare_gradients(const char *what, const results *plain, const results *fused, const results *neighbours) {
    size_t pieces = plain->pieces;
    double *norm = calloc(4 * pieces, sizeof *norm), *off = norm + pieces, *near = off + pieces, *one = near + pieces;
    assert_non_null(norm);
    distances(plain, NULL, norm);
    distances(plain, fused, off);
    for (int k = 0; k < NEIGHBOURS; k++) {
        distances(plain, &neighbours[k], one);
        for (size_t i = 0; i < pieces; i++)
            near[i] = fmax(near[i], one[i]);
    }
    if (!(off[0] <= GRADIENT_LIMIT * norm[0] + NEAR * near[0]))
        fail_msg("%s: gradients are off by %.3g of %.3g, those of its neighbours by %.3g", what, off[0], norm[0],
                 near[0]);
    for (size_t i = 1; i < pieces; i++)
        if (!(off[i] <= TENSOR_LIMIT * norm[i] + NOISE * norm[0] + NEAR * near[i]))
            fail_msg(
                "%s: gradient of tensor %zu is off by %.3g of %.3g, those of its neighbours by %.3g, all have %.3g",
                what, i, off[i], norm[i], near[i], norm[0]);
    free(norm);
}

static void check(const subject *s, const config *options, detector *d, mode m) {
    const detector_type *type = detector_type_find(s->network);
    const char *const *fused = m == INFERENCE ? s->inferred : s->trained;
    char what[64];
    snprintf(what, sizeof what, "%s, %s", s->network, mode_names[m]);
    results r[2], neighbours[NEIGHBOURS];
    for (int plain = 0; plain < 2; plain++) {
        graph g;
        record(type, options, d, s->side, m, plain, &g);
        for (int i = 0; i < MOST_FUSED && fused[i]; i++)
            if (has(g.t, fused[i]) == plain)
                fail_msg("%s: %s is %s", what, fused[i], plain ? "there" : "missing");
        r[plain] = run(&g, d, 0, 0);
        for (int k = 0; plain && k < NEIGHBOURS; k++)
            neighbours[k] = run(&g, d, NEIGHBOUR_NOISE, (uint64_t)k);
        tape_free(g.t);
    }
    compare_values(what, &r[1], &r[0], neighbours);
    if (m != INFERENCE)
        compare_gradients(what, &r[1], &r[0], neighbours);
    for (int k = 0; k < NEIGHBOURS; k++)
        release(&neighbours[k]);
    release(&r[0]);
    release(&r[1]);
}

static void check_all(const subject *subjects, size_t count, const mode *modes, int mode_count) {
    for (size_t i = 0; i < count; i++) {
        config *options;
        detector *d = detector_of(&subjects[i], &options);
        for (int m = 0; m < mode_count; m++)
            check(&subjects[i], options, d, modes[m]);
        detector_free(d);
        config_free(options);
    }
}

static void test_small_networks(void **state) {
    (void)state;
    check_all(small, sizeof small / sizeof *small, (mode[]){TRAINING, FROZEN, RECOMPUTED, INFERENCE}, 4);
}

/* With tens of millions of weights, where a mode takes seconds. */
static void test_large_networks(void **state) {
    (void)state;
    skip_if_sanitized();
    check_all(large, sizeof large / sizeof *large, (mode[]){TRAINING, INFERENCE}, 2);
}

static bool is_among(const char *name, const subject *subjects, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(subjects[i].network, name))
            return true;
    return false;
}

static void test_no_network_is_left_out(void **state) {
    (void)state;
    for (int i = 0; i < detector_type_count; i++) {
        const char *name = detector_types[i]->name;
        if (detector_types[i]->build && !is_among(name, small, sizeof small / sizeof *small) &&
            !is_among(name, large, sizeof large / sizeof *large))
            fail_msg("%s is rewritten without a test", name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_network_is_left_out),
        cmocka_unit_test(test_small_networks),
        cmocka_unit_test(test_large_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
