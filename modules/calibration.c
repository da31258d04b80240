#include "modules/calibration.h"

#include "modules/detector_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a channel was in all images. */
typedef struct channel_values {
    float largest;
    double sum;
    int64_t count;
} channel_values;

/* A layer whose output is to be rounded. */
typedef struct layer {
    parameter *weight;
    channel_values *channels;
} layer;

/* A value on the tape that is a layer's output. */
typedef struct layer_output {
    const node *value;
    const layer *of;
} layer_output;

struct calibration {
    detector *d;
    tape *t; /* of the last size; NULL before */
    node *image;
    int width, height; /* 0: no image yet */
    int count;
    layer *layers;
    int output_count;
    layer_output *outputs;
};

/* --- layers --- */

static bool is(const node *n, const char *name) {
    return n->op && !strcmp(n->op->name, name);
}

/* The weights of the convolution whose result, normalised or not, the ReLU `n` takes; NULL if it takes another. */
static node *rectified_weight(const node *n) {
    if (!is(n, "relu"))
        return NULL;
    const node *x = n->input[0];
    x = is(x, "batch_norm") ? x->input[0] : x;
    return is(x, "conv2d") ? x->input[1] : NULL;
}

/* The layer whose weights these are; NULL if there is none, and for NULL. */
static layer *layer_of(const calibration *c, const node *weight) {
    for (int i = 0; weight && i < c->count; i++)
        if (c->layers[i].weight->value == weight->value.data)
            return &c->layers[i];
    return NULL;
}

static status record(calibration *c, int width, int height, network_outputs *outputs) {
    detector *d = c->d;
    tape_free(c->t);
    c->t = NULL;
    c->width = 0;
    TRY(tape_new(d->engine, 1, &c->t));
    return detector_record(d, c->t, width, height, &c->image, outputs);
}

/* Lets the tape say itself what it would round if all ranges were known; it does not look at them, since it never runs.
 */
static status find_layers(calibration *c) {
    network_outputs outputs = {0};
    TRY(record(c, PROBE_SIDE, PROBE_SIDE, &outputs));
    tape_pin(c->t, outputs.logit);
    tape_pin(c->t, outputs.reconstruction);
    for (int i = 0; i < tape_node_count(c->t); i++)
        if (is(tape_node(c->t, i), "conv2d"))
            tape_set_ranges(c->t, tape_node(c->t, i)->input[1], c->d->parameters.items[0]->value);
    TRY(tape_plan(c->t, NULL));
    c->layers = calloc((size_t)c->d->parameters.count + 1, sizeof *c->layers);
    if (!c->layers)
        return status_fail(STATUS_MEMORY, "out of memory for a calibration");
    for (int i = 0; i < tape_node_count(c->t); i++) {
        const node *n = tape_node(c->t, i);
        parameter *p = tape_rounds(n) ? detector_parameter_of(c->d, n) : NULL;
        if (!p || layer_of(c, n))
            continue;
        layer *l = &c->layers[c->count++];
        *l = (layer){p, calloc((size_t)p->shape[0], sizeof *l->channels)};
        if (!l->channels)
            return status_fail(STATUS_MEMORY, "out of memory for a calibration");
    }
    return c->count > 0 ? STATUS_OK
                        : status_fail(STATUS_USAGE,
                                      "%s has no chain of 3x3 convolutions, from few channels to 16 or more, for int8",
                                      c->d->type->name);
}

status calibration_new(detector *d, calibration **out) {
    calibration *c = *out = calloc(1, sizeof *c);
    if (!c)
        return status_fail(STATUS_MEMORY, "out of memory for a calibration");
    c->d = d;
    status result = d->type->build ? find_layers(c)
                                   : status_fail(STATUS_USAGE, "%s is no network: int8 is for networks", d->type->name);
    if (result != STATUS_OK) {
        calibration_free(c);
        *out = NULL;
    }
    return result;
}

void calibration_free(calibration *c) {
    if (!c)
        return;
    tape_free(c->t);
    for (int i = 0; i < c->count; i++)
        free(c->layers[i].channels);
    free(c->outputs);
    free(c->layers);
    free(c);
}

int calibration_layers(const calibration *c) {
    return c->count;
}

/* --- images --- */

/* Notes the layers' outputs before tape_plan makes other operations of them. Those of a repeated stage are of the
 * layers that it repeats. */
static status note_outputs(calibration *c) {
    free(c->outputs);
    c->output_count = 0;
    c->outputs = malloc((size_t)tape_node_count(c->t) * sizeof *c->outputs);
    if (!c->outputs)
        return status_fail(STATUS_MEMORY, "out of memory for a calibration");
    for (int i = 0; i < tape_node_count(c->t); i++) {
        node *n = tape_node(c->t, i);
        const layer *of = layer_of(c, rectified_weight(n));
        if (!of)
            continue;
        c->outputs[c->output_count++] = (layer_output){n, of};
        tape_pin(c->t, n);
    }
    return STATUS_OK;
}

/* In float32. */
static status prepare(calibration *c, int width, int height) {
    network_outputs outputs = {0};
    if (c->width == width && c->height == height)
        return STATUS_OK;
    TRY(record(c, width, height, &outputs));
    TRY(note_outputs(c));
    TRY(tape_plan(c->t, NULL));
    c->width = width;
    c->height = height;
    return STATUS_OK;
}

static void add_plane(channel_values *to, const tensor *t, const float *plane) {
    for (int y = 0; y < t->h; y++)
        for (int x = 0; x < t->w; x++) {
            float value = plane[y * t->row + x];
            to->largest = value > to->largest ? value : to->largest;
            to->sum += value;
        }
    to->count += (int64_t)t->h * t->w;
}

static void add_layer(const worker *w, void *context, int item) {
    (void)w;
    calibration *c = context;
    for (int i = 0; i < c->output_count; i++)
        if (c->outputs[i].of == &c->layers[item])
            for (int channel = 0; channel < c->outputs[i].value->value.c; channel++)
                add_plane(&c->layers[item].channels[channel], &c->outputs[i].value->value,
                          tensor_plane(&c->outputs[i].value->value, 0, channel));
}

status calibration_add(calibration *c, const float *image, int width, int height) {
    TRY(prepare(c, width, height));
    tensor corner = padding_corner(&c->image->value, width, height);
    padding_clear(&c->image->value, width, height);
    input_fill(&c->d->input, image, &corner);
    tape_forward(c->t);
    parallel_for(c->d->engine, c->count, add_layer, c);
    return STATUS_OK;
}

/* A channel that has been 0 in all images gets the largest range of the others. */
static void set_ranges(const layer *l) {
    int channels = l->weight->shape[0];
    float largest = 0, *ranges = l->weight->ranges;
    for (int i = 0; i < channels; i++)
        largest = l->channels[i].largest > largest ? l->channels[i].largest : largest;
    for (int i = 0; i < channels; i++) {
        ranges[i] = l->channels[i].largest > 0 ? l->channels[i].largest : largest;
        ranges[channels + i] = (float)(l->channels[i].sum / (double)l->channels[i].count);
    }
}

static bool is_usable(const layer *l) {
    float largest = 0;
    bool finite = true;
    for (int i = 0; i < l->weight->shape[0]; i++) {
        largest = l->channels[i].largest > largest ? l->channels[i].largest : largest;
        finite &= isfinite(l->channels[i].sum);
    }
    return largest > 0 && finite;
}

status calibration_finish(calibration *c) {
    for (int i = 0; i < c->count; i++)
        if (!is_usable(&c->layers[i]))
            return status_fail(STATUS_INPUT, "%s: what its ReLU leaves is 0 in all images, or not finite",
                               c->layers[i].weight->name);
    for (int i = 0; i < c->count; i++) {
        TRY(parameter_make_ranges(c->layers[i].weight));
        set_ranges(&c->layers[i]);
    }
    return STATUS_OK;
}
