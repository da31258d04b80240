#include "modules/rounding_trial.h"

#include "modules/detector_private.h"

#include <stdlib.h>
#include <string.h>

/* A layer whose output is rounded: its ranges, put aside here while other chains are tried; NULL once dropped. */
typedef struct rounded_layer {
    parameter *weight;
    float *ranges;
    int chain;
} rounded_layer;

/* A detector with one chain rounded, and the pixels on which it and float32 differ, and that either detects. */
typedef struct chain_trial {
    detector *twin;
    int64_t different, either;
} chain_trial;

struct rounding_trial {
    detector *d;
    int layer_count, chain_count;
    rounded_layer *layers;
    chain_trial *chains;
    bool *masks; /* of an image, in float32 and rounded */
};

static status no_memory(void) {
    return status_fail(STATUS_MEMORY, "out of memory for a trial of int8");
}

/* --- chains --- */

/* What the operation on the tape rounds is a chain; but for what is in one already: of a repeated stage, or of an
 * operation that was to become a longer one. */
static void add_chain(rounding_trial *t, const node *n) {
    int before = t->layer_count;
    for (int i = 1; i < n->input_count; i++) {
        parameter *p = tape_rounds(n->input[i]) ? detector_parameter_of(t->d, n->input[i]) : NULL;
        bool is_new = p != NULL;
        for (int k = 0; k < t->layer_count; k++)
            is_new &= t->layers[k].weight != p;
        if (is_new)
            t->layers[t->layer_count++] = (rounded_layer){p, p->ranges, t->chain_count};
    }
    t->chain_count += t->layer_count > before;
}

static status plan(detector *d, tape *graph) {
    network_outputs outputs = {0};
    node *image;
    TRY(detector_record(d, graph, PROBE_SIDE, PROBE_SIDE, &image, &outputs));
    tape_pin(graph, outputs.logit);
    tape_pin(graph, outputs.reconstruction);
    detector_set_ranges(d, graph);
    return tape_plan(graph, NULL);
}

/* From the last operation to the first, so that the longest chain comes before its beginnings. */
static status find_chains(rounding_trial *t) {
    tape *graph;
    TRY(tape_new(t->d->engine, 1, &graph));
    status result = plan(t->d, graph);
    for (int i = tape_node_count(graph) - 1; result == STATUS_OK && i >= 0; i--) {
        const node *n = tape_node(graph, i);
        if (n->op && !strcmp(n->op->name, "byte_convs"))
            add_chain(t, n);
    }
    tape_free(graph);
    for (int i = 0; i < t->layer_count; i++)
        t->layers[i].chain = t->chain_count - 1 - t->layers[i].chain;
    return result;
}

static status create(rounding_trial *t) {
    size_t most = (size_t)t->d->parameters.count + 1;
    t->layers = calloc(most, sizeof *t->layers);
    t->chains = calloc(most, sizeof *t->chains);
    if (!t->layers || !t->chains)
        return no_memory();
    TRY(find_chains(t));
    for (int i = 0; i < t->chain_count; i++) {
        TRY(detector_new_twin(t->d, t->d->engine, &t->chains[i].twin));
        TRY(detector_set_precision(t->chains[i].twin, PRECISION_INT8));
    }
    return STATUS_OK;
}

status rounding_trial_new(detector *d, rounding_trial **out) {
    rounding_trial *t = *out = calloc(1, sizeof *t);
    if (!t)
        return no_memory();
    t->d = d;
    status result = create(t);
    if (result != STATUS_OK) {
        rounding_trial_free(t);
        *out = NULL;
    }
    return result;
}

void rounding_trial_free(rounding_trial *t) {
    if (!t)
        return;
    for (int i = 0; i < t->chain_count; i++)
        detector_free(t->chains[i].twin);
    for (int i = 0; i < t->layer_count; i++)
        t->layers[i].weight->ranges = t->layers[i].ranges;
    free(t->layers);
    free(t->chains);
    free(t->masks);
    free(t);
}

int rounding_trial_chains(const rounding_trial *t) {
    return t->chain_count;
}

int rounding_trial_layers(const rounding_trial *t, int chain) {
    int count = 0;
    for (int i = 0; i < t->layer_count; i++)
        count += t->layers[i].chain == chain;
    return count;
}

const char *rounding_trial_name(const rounding_trial *t, int chain) {
    int first = 0;
    while (t->layers[first].chain != chain)
        first++;
    return t->layers[first].weight->name;
}

void rounding_trial_drop(rounding_trial *t, int chain) {
    for (int i = 0; i < t->layer_count; i++) {
        rounded_layer *l = &t->layers[i];
        if (l->chain != chain)
            continue;
        free(l->ranges);
        l->ranges = l->weight->ranges = NULL;
    }
}

/* --- images --- */

/* The ranges of this chain alone are known: a twin looks at them when it meets a size for the first time. */
static void know_chain(const rounding_trial *t, int chain) {
    for (int i = 0; i < t->layer_count; i++)
        t->layers[i].weight->ranges = t->layers[i].chain == chain ? t->layers[i].ranges : NULL;
}

/* Above half of the image's largest score. */
static status detect(detector *d, const float *image, int width, int height, bool *mask) {
    detector_maps maps;
    TRY(detector_run(d, image, width, height, DETAIL_SCORE, &maps));
    size_t pixels = (size_t)width * (size_t)height;
    float largest = 0;
    for (size_t i = 0; i < pixels; i++)
        largest = maps.score[i] > largest ? maps.score[i] : largest;
    for (size_t i = 0; i < pixels; i++)
        mask[i] = maps.score[i] > largest / 2;
    return STATUS_OK;
}

status rounding_trial_add(rounding_trial *t, const float *image, int width, int height) {
    size_t pixels = (size_t)width * (size_t)height;
    bool *plain = realloc(t->masks, 2 * pixels * sizeof *plain);
    if (!plain)
        return no_memory();
    t->masks = plain;
    bool *rounded = plain + pixels;
    TRY(detect(t->d, image, width, height, plain));
    for (int chain = 0; chain < t->chain_count; chain++) {
        chain_trial *c = &t->chains[chain];
        know_chain(t, chain);
        TRY(detect(c->twin, image, width, height, rounded));
        for (size_t i = 0; i < pixels; i++) {
            c->different += plain[i] != rounded[i];
            c->either += plain[i] || rounded[i];
        }
    }
    return STATUS_OK;
}

double rounding_trial_changed(const rounding_trial *t, int chain) {
    const chain_trial *c = &t->chains[chain];
    return c->either > 0 ? (double)c->different / (double)c->either : 0;
}
