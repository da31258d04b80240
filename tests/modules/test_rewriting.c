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

static const subject subjects[] = {
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
    {"mshnet", {0}, 32, {"conv2d_relu", "norm_conv2d"}, {"conv2d_relu", "folded_conv2d"}},
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
                   .phase = detector_phase(d, INT64_MAX),
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

static void fill(const node *leaf, float low, bool mask) {
    size_t count = (size_t)tensor_count(&leaf->value);
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    rng r = rng_new(9, 0);
    for (size_t i = 0; i < count; i++) {
        float u = (float)rng_uniform(&r);
        numbers[i] = mask ? u > 0.9f : low + u;
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

static results run(graph *g, detector *d) {
    fill(g->image, 0, false);
    fill(g->mask, 0, true);
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

/* Sums are rounded in another order, and single ReLU inputs near 0 change side with them: a tensor's gradient may be
 * off by TENSOR_LIMIT of its norm, and where it all but vanishes (a bias in front of a batch norm) by NOISE of the norm
 * of all. */
#define VALUE_LIMIT 2e-5 /* of the largest logit */
#define TENSOR_LIMIT 1e-2
#define NOISE 1e-6
#define GRADIENT_LIMIT 1e-3 /* of the norm of all gradients */

static void compare_values(const char *what, const results *a, const results *b) {
    double largest = 0, off = 0;
    for (size_t i = 0; i < a->count && a->piece[i] == 0; i++) {
        largest = fmax(largest, fabs((double)a->numbers[i]));
        off = fmax(off, fabs((double)a->numbers[i] - b->numbers[i]));
    }
    if (!(off <= VALUE_LIMIT * largest))
        fail_msg("%s: logits are off by %.3g of their largest", what, off / largest);
}

static void compare_gradients(const char *what, const results *a, const results *b) {
    double *norm = calloc(2 * a->pieces, sizeof *norm), *off = norm + a->pieces, all = 0, all_off = 0;
    assert_non_null(norm);
    for (size_t i = 0; i < a->count; i++) {
        norm[a->piece[i]] += (double)a->numbers[i] * a->numbers[i];
        off[a->piece[i]] += pow((double)a->numbers[i] - b->numbers[i], 2);
    }
    for (size_t i = 1; i < a->pieces; i++) {
        all += norm[i];
        all_off += off[i];
    }
    for (size_t i = 1; i < a->pieces; i++)
        if (!(sqrt(off[i]) <= TENSOR_LIMIT * sqrt(norm[i]) + NOISE * sqrt(all)))
            fail_msg("%s: gradient of tensor %zu is off by %.3g of %.3g, all have %.3g", what, i, sqrt(off[i]),
                     sqrt(norm[i]), sqrt(all));
    if (!(sqrt(all_off) <= GRADIENT_LIMIT * sqrt(all)))
        fail_msg("%s: gradients are off by %.3g", what, sqrt(all_off / all));
    free(norm);
}

static void check(const subject *s, const config *options, detector *d, mode m) {
    const detector_type *type = detector_type_find(s->network);
    const char *const *fused = m == INFERENCE ? s->inferred : s->trained;
    char what[64];
    snprintf(what, sizeof what, "%s, %s", s->network, mode_names[m]);
    results r[2];
    for (int plain = 0; plain < 2; plain++) {
        graph g;
        record(type, options, d, s->side, m, plain, &g);
        for (int i = 0; i < MOST_FUSED && fused[i]; i++)
            if (has(g.t, fused[i]) == plain)
                fail_msg("%s: %s is %s", what, fused[i], plain ? "there" : "missing");
        r[plain] = run(&g, d);
        tape_free(g.t);
    }
    compare_values(what, &r[1], &r[0]);
    if (m != INFERENCE)
        compare_gradients(what, &r[1], &r[0]);
    release(&r[0]);
    release(&r[1]);
}

static void test_every_network(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        config *options;
        detector *d = detector_of(&subjects[i], &options);
        for (mode m = TRAINING; m <= INFERENCE; m++)
            check(&subjects[i], options, d, m);
        detector_free(d);
        config_free(options);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
