#include "modules/onnx/onnx_export.h"

#include "modules/detector_private.h"
#include "modules/onnx/onnx_recorder.h"

#include <stdbool.h>

/* --- recording --- */

typedef struct image_size {
    int width, height; /* 0: any */
} image_size;

/* Sizes that have nothing in common, so that two maps of equal sizes in all of them are so by construction. */
static const image_size different_sizes[ONNX_RECORDINGS] = {{397, 251}, {283, 509}, {1021, 128}, {176, 763}};

/* For the one size, or for several that stand for any. */
static status record(detector *d, image_size fixed, onnx_recordings *out, network_outputs *outputs) {
    out->count = fixed.width ? 1 : ONNX_RECORDINGS;
    for (int i = 0; i < out->count; i++) {
        image_size size = fixed.width ? fixed : different_sizes[i];
        node *image;
        network_outputs found;
        TRY(tape_new(d->engine, 1, &out->tapes[i]));
        TRY(detector_record(d, out->tapes[i], size.width, size.height, &image, &found));
        if (i > 0)
            continue;
        *outputs = found;
        out->image = image;
        out->logit = found.logit;
    }
    return STATUS_OK;
}

static void free_recordings(onnx_recordings *r) {
    for (int i = 0; i < r->count; i++)
        tape_free(r->tapes[i]);
}

/* "stage1/B" and "m0". */
static const char *name_of(const void *context, const node *n) {
    const network_outputs *outputs = context;
    for (int i = 0; i < outputs->map_count; i++)
        if (outputs->maps[i] == n)
            return outputs->map_names[i];
    for (int i = 0; i < outputs->head_count; i++)
        if (outputs->heads[i] == n)
            return outputs->head_names[i];
    return NULL;
}

/* --- before the network, and after it --- */

static onnx_value apply2(onnx_graph *g, const char *type, onnx_value a, onnx_value b) {
    return onnx_apply(g, (onnx_call){.type = type, .inputs = {a, b}});
}

static onnx_value pair(onnx_graph *g, int64_t rows, int64_t columns) {
    return onnx_integers(g, 2, (const int64_t[]){rows, columns});
}

/* Each image over its largest value. What is added is lost in any that is not zero, and an image without light stays as
 * it is. For one size the factor is spread over the image, since OpenCV 4.6 multiplies by no single number. */
static onnx_value over_maximum(onnx_graph *g, image_size fixed, onnx_value image) {
    onnx_value largest = onnx_apply(g, (onnx_call){.type = "GlobalMaxPool", .inputs = {image}});
    onnx_value unit = apply2(g, "Add", largest, onnx_number(g, 1e-30f));
    onnx_value factor = onnx_apply(g, (onnx_call){.type = "Reciprocal", .inputs = {unit}});
    if (fixed.width)
        factor = apply2(g, "Expand", factor, onnx_integers(g, 4, (const int64_t[]){1, 1, fixed.height, fixed.width}));
    return apply2(g, "Mul", image, factor);
}

/* The channels of the network's input: a convolution of one pixel, which every runtime has. */
static onnx_value channels_of(onnx_graph *g, const input_format *format, onnx_value image) {
    float *weight = onnx_keep(g, INPUT_CHANNELS * sizeof *weight), *bias = onnx_keep(g, INPUT_CHANNELS * sizeof *bias);
    if (!weight || !bias)
        return NULL;
    for (int c = 0; c < format->channels; c++) {
        weight[c] = 1 / format->std[c];
        bias[c] = -format->mean[c] / format->std[c];
    }
    const int shape[] = {format->channels, 1, 1, 1};
    onnx_value factor = onnx_floats(g, "input.weight", 4, shape, weight);
    onnx_value summand = onnx_floats(g, "input.bias", 1, shape, bias);
    return onnx_apply(g, (onnx_call){.type = "Conv",
                                     .inputs = {image, factor, summand},
                                     .attributes = {onnx_pair("kernel_shape", 1, 1)}});
}

static onnx_value formatted(onnx_graph *g, const input_format *format, image_size fixed, onnx_value image) {
    onnx_scope(g, "input");
    if (format->own_maximum)
        image = over_maximum(g, fixed, image);
    bool as_it_is = format->channels == 1 && format->mean[0] == 0 && format->std[0] == 1;
    return as_it_is ? image : channels_of(g, format, image);
}

/* Rows and columns that are added below and on the right for images of `size`. */
static onnx_value missing(onnx_graph *g, side_rule rule, onnx_value size) {
    int64_t multiple = rule.multiple > 1 ? rule.multiple : 1;
    onnx_value side = apply2(g, "Max", size, pair(g, rule.least, rule.least));
    side = apply2(g, "Add", side, pair(g, multiple - 1, multiple - 1));
    side = apply2(g, "Div", side, pair(g, multiple, multiple));
    side = apply2(g, "Mul", side, pair(g, multiple, multiple));
    return apply2(g, "Sub", side, size);
}

/* How an image becomes one that the network takes. */
typedef struct frame {
    bool is_needed;
    onnx_value size; /* of the image: rows and columns */
    onnx_value pads; /* as the operator Pad wants them */
} frame;

static frame frame_of(onnx_graph *g, side_rule rule, image_size fixed, onnx_value image) {
    static const int64_t in_front[6] = {0}; /* and after, in batch and channels */
    frame f = {.is_needed = true};
    onnx_scope(g, "padding");
    if (fixed.width) {
        int rows = padded_side(rule, fixed.height) - fixed.height,
            columns = padded_side(rule, fixed.width) - fixed.width;
        const int64_t pads[8] = {0, 0, 0, 0, 0, 0, rows, columns};
        f.is_needed = rows > 0 || columns > 0;
        if (f.is_needed) {
            f.size = pair(g, fixed.height, fixed.width);
            f.pads = onnx_integers(g, 8, pads);
        }
        return f;
    }
    f.is_needed = rule.multiple > 1 || rule.least > 1;
    if (!f.is_needed)
        return f;
    f.size = onnx_apply(g, (onnx_call){.type = "Shape",
                                       .inputs = {image},
                                       .attributes = {onnx_integer("start", 2), onnx_integer("end", 4)}});
    onnx_value more = missing(g, rule, f.size);
    f.pads = onnx_apply(g, (onnx_call){.type = "Concat",
                                       .inputs = {onnx_integers(g, 6, in_front), more},
                                       .attributes = {onnx_integer("axis", 0)}});
    return f;
}

static onnx_value cropped(onnx_graph *g, onnx_value x, onnx_value size) {
    onnx_scope(g, "crop");
    return onnx_apply(g, (onnx_call){.type = "Slice", .inputs = {x, pair(g, 0, 0), size, pair(g, 2, 3)}});
}

static status build(onnx_graph *g, detector *d, image_size fixed, const onnx_recordings *from,
                    const network_outputs *outputs) {
    onnx_dimension shape[4] = {{.symbol = "batch"}, {.size = 1}, {.symbol = "height"}, {.symbol = "width"}};
    if (fixed.width) {
        shape[0] = (onnx_dimension){.size = 1};
        shape[2] = (onnx_dimension){.size = fixed.height};
        shape[3] = (onnx_dimension){.size = fixed.width};
    }
    onnx_value image = onnx_input(g, "image", shape);
    onnx_value x = formatted(g, &d->input, fixed, image);
    frame f = frame_of(g, d->type->sides, fixed, image);
    if (f.is_needed)
        x = apply2(g, "Pad", x, f.pads);
    onnx_value logit = onnx_record(g, from, &d->parameters, x, name_of, outputs);
    if (f.is_needed)
        logit = cropped(g, logit, f.size);
    onnx_output(g, onnx_apply(g, (onnx_call){.type = "Sigmoid", .inputs = {logit}}), "score", shape);
    return onnx_graph_status(g);
}

/* --- the file --- */

static const char description[] =
    "Infrared small targets. Input: grey values in [0, 1], batch x 1 x height x width. Output: of each pixel the "
    "probability that it is part of a target.";

static status write(onnx_graph *g, detector *d, const onnx_note *notes, int count, const char *path) {
    onnx_note *all = onnx_keep(g, (size_t)(count + 2) * sizeof *all);
    if (!all)
        return onnx_graph_status(g);
    all[0] = (onnx_note){"network", d->type->name};
    all[1] = (onnx_note){"version", IRST_VERSION};
    for (int i = 0; i < count; i++)
        all[2 + i] = notes[i];
    return onnx_graph_write(g, d->type->name, description, all, count + 2, path);
}

status onnx_export(detector *d, int width, int height, const onnx_note *notes, int count, const char *path) {
    image_size fixed = {width, height};
    if (!d->type->build)
        return status_fail(STATUS_USAGE, "%s has no network that could be written as ONNX", d->type->name);
    onnx_recordings recordings = {0};
    network_outputs outputs;
    onnx_graph *g = NULL;
    status result = record(d, fixed, &recordings, &outputs);
    if (result == STATUS_OK)
        result = onnx_graph_new(&g);
    if (result == STATUS_OK)
        result = build(g, d, fixed, &recordings, &outputs);
    if (result == STATUS_OK)
        result = write(g, d, notes, count, path);
    onnx_graph_free(g);
    free_recordings(&recordings);
    return result;
}
