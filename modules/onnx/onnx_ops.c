/* The operations that are one operator of ONNX, or two. */
#include "modules/onnx/onnx_recorder.h"

#include <math.h>
#include <string.h>

static onnx_value input(const onnx_recorder *r, const node *n, int i) {
    return onnx_value_of(r, n->input[i]);
}

/* --- convolutions --- */

static onnx_value conv(onnx_recorder *r, const node *n, onnx_value weight, onnx_value bias) {
    const conv2d_options *o = n->options;
    const tensor *w = &n->input[1]->value;
    const int64_t padding[] = {o->padding, o->padding, o->padding, o->padding};
    return onnx_apply(
        r->graph,
        (onnx_call){.type = "Conv",
                    .inputs = {input(r, n, 0), weight, bias},
                    .attributes = {onnx_pair("kernel_shape", w->h, w->w), onnx_pair("strides", o->stride, o->stride),
                                   onnx_list("pads", 4, padding), onnx_pair("dilations", o->dilation, o->dilation)}});
}

onnx_value onnx_conv2d(onnx_recorder *r, const node *n) {
    return conv(r, n, input(r, n, 1), n->input_count > 2 ? input(r, n, 2) : NULL);
}

/* What a batch norm multiplies channel c by. */
static double norm_scale(const node *norm, int c) {
    const batch_norm_options *o = norm->options;
    return norm->input[1]->value.data[c] / sqrt(o->running_var[c] + BATCH_NORM_EPSILON);
}

static double norm_shift(const node *norm, int c) {
    const batch_norm_options *o = norm->options;
    return norm->input[2]->value.data[c] - norm_scale(norm, c) * o->running_mean[c];
}

/* norm(conv(x)) as one convolution. */
static onnx_value folded(onnx_recorder *r, const node *norm) {
    const node *n = norm->input[0];
    const parameter *p = onnx_parameter_of(r, n->input[1]);
    const tensor *w = &n->input[1]->value;
    const float *old_bias = n->input_count > 2 ? n->input[2]->value.data : NULL;
    size_t window = p->count / (size_t)w->n;
    float *weight = onnx_keep(r->graph, p->count * sizeof *weight);
    float *bias = onnx_keep(r->graph, (size_t)w->n * sizeof *bias);
    const char *name = onnx_named(r->graph, "%.*s.bias", (int)(strlen(p->name) - strlen(".weight")), p->name);
    if (!weight || !bias)
        return NULL;
    for (int c = 0; c < w->n; c++) {
        double scale = norm_scale(norm, c);
        for (size_t i = 0; i < window; i++)
            weight[(size_t)c * window + i] = (float)(scale * p->value[(size_t)c * window + i]);
        bias[c] = (float)(norm_shift(norm, c) + (old_bias ? scale * old_bias[c] : 0));
    }
    return conv(r, n, onnx_floats(r->graph, p->name, p->rank, p->shape, weight),
                onnx_floats(r->graph, name, 1, &w->n, bias));
}

/* norm(x) where something else reads x, too, or x is no convolution. */
static onnx_value unfolded(onnx_recorder *r, const node *norm) {
    const int shape[] = {norm->value.c, 1, 1};
    float *scale = onnx_keep(r->graph, (size_t)*shape * sizeof *scale);
    float *shift = onnx_keep(r->graph, (size_t)*shape * sizeof *shift);
    if (!scale || !shift)
        return NULL;
    for (int c = 0; c < *shape; c++) {
        scale[c] = (float)norm_scale(norm, c);
        shift[c] = (float)norm_shift(norm, c);
    }
    const char *name = onnx_parameter_of(r, norm->input[1])->name;
    onnx_value factor = onnx_floats(r->graph, onnx_named(r->graph, "%s.scale", name), 3, shape, scale);
    onnx_value summand = onnx_floats(r->graph, onnx_named(r->graph, "%s.shift", name), 3, shape, shift);
    onnx_value product = onnx_apply(r->graph, (onnx_call){.type = "Mul", .inputs = {input(r, norm, 0), factor}});
    return onnx_apply(r->graph, (onnx_call){.type = "Add", .inputs = {product, summand}});
}

onnx_value onnx_batch_norm(onnx_recorder *r, const node *n) {
    return onnx_is_folded(r, n->input[0]) ? folded(r, n) : unfolded(r, n);
}

/* Weights that the tape computes from others, which here are constants. */
onnx_value onnx_kernel_sums(onnx_recorder *r, const node *n) {
    const parameter *p = onnx_parameter_of(r, n->input[0]);
    const int shape[] = {n->value.n, n->value.c, 1, 1};
    size_t count = (size_t)tensor_count(&n->value), window = p->count / count;
    float *sums = onnx_keep(r->graph, count * sizeof *sums);
    for (size_t i = 0; sums && i < count; i++) {
        double sum = 0;
        for (size_t k = 0; k < window; k++)
            sum += p->value[i * window + k];
        sums[i] = (float)sum;
    }
    return onnx_floats(r->graph, onnx_named(r->graph, "%s.sums", p->name), 4, shape, sums);
}

enum { SIDE = 3, TAPS = SIDE * SIDE };

/* What each tap of a 3x3 kernel meets, as nine channels; these are weighted and summed up. Convolutions do both, which
 * every runtime has. */
onnx_value onnx_dynamic_conv2d(onnx_recorder *r, const node *n) {
    const int shift_shape[] = {TAPS, 1, SIDE, SIDE}, sum_shape[] = {1, TAPS, 1, 1};
    const int64_t padding[] = {1, 1, 1, 1};
    float *shifts = onnx_keep(r->graph, TAPS * TAPS * sizeof *shifts), *ones = onnx_keep(r->graph, TAPS * sizeof *ones);
    for (int i = 0; shifts && ones && i < TAPS; i++)
        shifts[i * TAPS + i] = ones[i] = 1;
    onnx_value seen = onnx_apply(
        r->graph, (onnx_call){.type = "Conv",
                              .inputs = {input(r, n, 0), onnx_floats(r->graph, "taps", 4, shift_shape, shifts)},
                              .attributes = {onnx_pair("kernel_shape", SIDE, SIDE), onnx_list("pads", 4, padding)}});
    onnx_value weighted = onnx_apply(r->graph, (onnx_call){.type = "Mul", .inputs = {seen, input(r, n, 1)}});
    return onnx_apply(r->graph, (onnx_call){.type = "Conv",
                                            .inputs = {weighted, onnx_floats(r->graph, "sum", 4, sum_shape, ones)},
                                            .attributes = {onnx_pair("kernel_shape", 1, 1)}});
}

/* --- one by one --- */

static onnx_value of_one(onnx_recorder *r, const char *type, onnx_value x) {
    return onnx_apply(r->graph, (onnx_call){.type = type, .inputs = {x}});
}

static onnx_value simple(onnx_recorder *r, const node *n, const char *type) {
    return of_one(r, type, input(r, n, 0));
}

onnx_value onnx_relu(onnx_recorder *r, const node *n) {
    return simple(r, n, "Relu");
}

onnx_value onnx_sigmoid(onnx_recorder *r, const node *n) {
    return simple(r, n, "Sigmoid");
}

onnx_value onnx_leaky_relu(onnx_recorder *r, const node *n) {
    const leaky_relu_options *o = n->options;
    return onnx_apply(
        r->graph,
        (onnx_call){.type = "LeakyRelu", .inputs = {input(r, n, 0)}, .attributes = {onnx_real("alpha", o->slope)}});
}

onnx_value onnx_tanh(onnx_recorder *r, const node *n) {
    return simple(r, n, "Tanh");
}

/* The mean, and the mean of what is left without it: runtimes add up all pixels one after the other in single
 * precision, which after some ten thousand is off in the fifth digit. */
onnx_value onnx_global_average_pool(onnx_recorder *r, const node *n) {
    onnx_value x = input(r, n, 0), mean = of_one(r, "GlobalAveragePool", x);
    onnx_value rest = onnx_apply(r->graph, (onnx_call){.type = "Sub", .inputs = {x, mean}});
    onnx_value correction = of_one(r, "GlobalAveragePool", rest);
    return onnx_apply(r->graph, (onnx_call){.type = "Add", .inputs = {mean, correction}});
}

static onnx_value weighted(onnx_recorder *r, onnx_value x, float weight) {
    if (weight == 1)
        return x;
    return onnx_apply(r->graph, (onnx_call){.type = "Mul", .inputs = {x, onnx_number(r->graph, weight)}});
}

/* The maps that an unrolled network starts with are zero: they vanish. */
onnx_value onnx_add(onnx_recorder *r, const node *n) {
    const add_options *o = n->options;
    if (onnx_is_zero(r, n->input[0]))
        return weighted(r, input(r, n, 1), o->weight_b);
    onnx_value a = weighted(r, input(r, n, 0), o->weight_a);
    if (onnx_is_zero(r, n->input[1]))
        return a;
    if (o->weight_b == -1)
        return onnx_apply(r->graph, (onnx_call){.type = "Sub", .inputs = {a, input(r, n, 1)}});
    onnx_value b = weighted(r, input(r, n, 1), o->weight_b);
    return onnx_apply(r->graph, (onnx_call){.type = "Add", .inputs = {a, b}});
}

onnx_value onnx_concat(onnx_recorder *r, const node *n) {
    onnx_call call = {.type = "Concat", .attributes = {onnx_integer("axis", 1)}};
    for (int i = 0; i < n->input_count; i++)
        call.inputs[i] = input(r, n, i);
    return onnx_apply(r->graph, call);
}

/* A convolution, too: OpenCV 4 reduces maps of unknown size wrongly. */
onnx_value onnx_channel_mean(onnx_recorder *r, const node *n) {
    int channels = n->input[0]->value.c;
    float *shares = onnx_keep(r->graph, (size_t)channels * sizeof *shares);
    for (int c = 0; shares && c < channels; c++)
        shares[c] = 1 / (float)channels;
    const char *name = onnx_named(r->graph, "mean_of_%d", channels);
    onnx_value weight = onnx_floats(r->graph, name, 4, (const int[]){1, channels, 1, 1}, shares);
    return onnx_apply(r->graph, (onnx_call){.type = "Conv",
                                            .inputs = {input(r, n, 0), weight},
                                            .attributes = {onnx_pair("kernel_shape", 1, 1)}});
}

onnx_value onnx_channel_mean_max(onnx_recorder *r, const node *n) {
    onnx_value mean = onnx_channel_mean(r, n);
    onnx_value largest = onnx_apply(
        r->graph, (onnx_call){.type = "ReduceMax",
                              .inputs = {input(r, n, 0)},
                              .attributes = {onnx_list("axes", 1, (const int64_t[]){1}), onnx_integer("keepdims", 1)}});
    return onnx_apply(
        r->graph, (onnx_call){.type = "Concat", .inputs = {mean, largest}, .attributes = {onnx_integer("axis", 1)}});
}

/* --- other sizes --- */

onnx_value onnx_max_pool(onnx_recorder *r, const node *n) {
    const max_pool_options *o = n->options;
    return onnx_apply(r->graph, (onnx_call){.type = "MaxPool",
                                            .inputs = {input(r, n, 0)},
                                            .attributes = {onnx_pair("kernel_shape", o->kernel, o->kernel),
                                                           onnx_pair("strides", o->stride, o->stride),
                                                           onnx_integer("ceil_mode", o->ceil_mode)}});
}

/* N, C, H and W of the value of `n`. */
static onnx_value shape_of(onnx_recorder *r, const node *n) {
    const tensor *y = &n->value;
    if (onnx_is_fixed(r))
        return onnx_integers(r->graph, 4, (const int64_t[]){y->n, y->c, y->h, y->w});
    onnx_value size = onnx_size_of(r, n);
    onnx_value head =
        onnx_apply(r->graph, (onnx_call){.type = "Shape",
                                         .inputs = {input(r, n, 0)},
                                         .attributes = {onnx_integer("start", 0), onnx_integer("end", 2)}});
    return onnx_apply(r->graph,
                      (onnx_call){.type = "Concat", .inputs = {head, size}, .attributes = {onnx_integer("axis", 0)}});
}

/* The second factor may have one pixel, one channel or one number. A number that is computed is spread over the map
 * where sizes are known, since OpenCV 4.6 multiplies by none. */
onnx_value onnx_multiply(onnx_recorder *r, const node *n) {
    onnx_value factor = input(r, n, 1);
    if (onnx_is_fixed(r) && n->input[1]->op && tensor_count(&n->input[1]->value) == 1)
        factor = onnx_apply(r->graph, (onnx_call){.type = "Expand", .inputs = {factor, shape_of(r, n)}});
    return onnx_apply(r->graph, (onnx_call){.type = "Mul", .inputs = {input(r, n, 0), factor}});
}

onnx_value onnx_resize_bilinear(onnx_recorder *r, const node *n) {
    const resize_options *o = n->options;
    onnx_value shape = shape_of(r, n);
    return onnx_apply(r->graph,
                      (onnx_call){.type = "Resize",
                                  .inputs = {input(r, n, 0), onnx_none, onnx_none, shape},
                                  .attributes = {onnx_text("mode", "linear"),
                                                 onnx_text("coordinate_transformation_mode",
                                                           o->align_corners ? "align_corners" : "half_pixel")}});
}
