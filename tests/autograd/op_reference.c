#include "tests/autograd/op_reference.h"

#include "autograd/fused/fused.h"
#include "core/base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t array4_count(const array4 *a) {
    return (size_t)a->n * (size_t)a->c * (size_t)a->h * (size_t)a->w;
}

static double *at(const array4 *a, int n, int c, int y, int x) {
    return a->data + (((size_t)n * a->c + c) * a->h + y) * a->w + x;
}

static double activate(bool relu, double z) {
    return relu && z < 0 ? 0 : z;
}

static double conv2d_pixel(const array4 *x, const array4 *w, const conv2d_options *o, int n, int oc, int oy, int ox) {
    double sum = 0;
    for (int ic = 0; ic < x->c; ic++)
        for (int ky = 0; ky < w->h; ky++) {
            int y = oy * o->stride - o->padding + ky * o->dilation;
            if (y < 0 || y >= x->h)
                continue;
            const double *row = at(x, n, ic, y, 0), *taps = at(w, oc, ic, ky, 0);
            for (int kx = 0; kx < w->w; kx++) {
                int z = ox * o->stride - o->padding + kx * o->dilation;
                if (z >= 0 && z < x->w)
                    sum += row[z] * taps[kx];
            }
        }
    return sum;
}

/* b may be NULL. */
static void forward_conv2d(const conv2d_options *o, bool relu, const array4 *x, const array4 *w, const array4 *b,
                           array4 *out) {
    for (int n = 0; n < out->n; n++)
        for (int c = 0; c < out->c; c++)
            for (int y = 0; y < out->h; y++)
                for (int z = 0; z < out->w; z++)
                    *at(out, n, c, y, z) = activate(relu, (b ? b->data[c] : 0) + conv2d_pixel(x, w, o, n, c, y, z));
}

static void forward_batch_norm(const batch_norm_options *o, bool relu, const array4 *in, array4 *out) {
    const array4 *x = &in[0];
    for (int c = 0; c < x->c; c++) {
        double mean = o->running_mean[c], var = o->running_var[c], count = (double)x->n * x->h * x->w;
        if (o->statistics == NORM_BATCH) {
            mean = var = 0;
            for (int n = 0; n < x->n; n++)
                for (int i = 0; i < x->h * x->w; i++)
                    mean += at(x, n, c, 0, 0)[i] / count;
            for (int n = 0; n < x->n; n++)
                for (int i = 0; i < x->h * x->w; i++)
                    var += pow(at(x, n, c, 0, 0)[i] - mean, 2) / count;
        }
        for (int n = 0; n < x->n; n++)
            for (int i = 0; i < x->h * x->w; i++) {
                double normal = (at(x, n, c, 0, 0)[i] - mean) / sqrt(var + 1e-5);
                at(out, n, c, 0, 0)[i] = activate(relu, normal * in[1].data[c] + in[2].data[c]);
            }
    }
}

static array4 like(const array4 *a) {
    array4 copy = *a;
    copy.data = calloc(array4_count(a), sizeof *copy.data);
    return copy;
}

/* bias may be NULL. */
static void forward_norm_conv2d(const norm_conv2d_options *o, const array4 *in, const array4 *bias, array4 *out) {
    array4 normal = like(&in[0]);
    forward_batch_norm(&o->norm, true, in, &normal);
    forward_conv2d(&o->conv, false, &normal, &in[3], bias, out);
    free(normal.data);
}

/* in: weight, [bias], [the norm's weight and bias]; returns the inputs after them. */
static const array4 *forward_layer(const conv_layer *o, const array4 *x, const array4 *in, array4 *out) {
    const array4 *weight = in++, *bias = o->has_bias ? in++ : NULL;
    if (!o->has_norm) {
        forward_conv2d(&o->conv, o->has_relu, x, weight, bias, out);
        return in;
    }
    array4 between = like(out);
    forward_conv2d(&o->conv, false, x, weight, bias, &between);
    const array4 normed[] = {between, in[0], in[1]};
    forward_batch_norm(&o->norm, o->has_relu, normed, out);
    free(between.data);
    return in + 2;
}

static void forward_streamed(const streamed_options *o, const array4 *in, array4 *out) {
    array4 between = *out;
    between.c = in[1].n;
    between = like(&between);
    const array4 *second = forward_layer(&o->layers[0], &in[0], in + 1, &between);
    forward_layer(&o->layers[1], &between, second, out);
    free(between.data);
}

/* The nearest of 256 numbers from 0 to `range`. */
static double rounded(double x, double range) {
    return nearbyint(fmin(x, range) / range * 255) / 255 * range;
}

/* Weights and bias of a layer after one of these ranges, as conv_bytes.h rounds them. */
static void round_weights(const array4 *weight, const array4 *bias, const float *ranges, array4 *rounded_weight,
                          array4 *rounded_bias) {
    int count = weight->c * 9;
    for (int o = 0; o < weight->n; o++) {
        const double *from = weight->data + o * count;
        double largest = 0;
        for (int i = 0; i < count; i++)
            if (fabs(from[i]) * ranges[i / 9] > largest)
                largest = fabs(from[i]) * ranges[i / 9];
        double step = largest / 255 / 127;
        double off = bias ? bias->data[o] : 0;
        for (int i = 0; i < count; i++) {
            double unit = step * 255 / ranges[i / 9], near = nearbyint(from[i] / unit) * unit;
            rounded_weight->data[o * count + i] = near;
            off += (from[i] - near) * ranges[weight->c + i / 9];
        }
        rounded_bias->data[o] = nearbyint(off / step) * step;
    }
}

static void forward_bytes(const byte_convs_options *o, const array4 *in, array4 *out) {
    array4 x = like(in);
    memcpy(x.data, in->data, array4_count(&x) * sizeof *x.data);
    const array4 *layer = in + 1;
    for (int k = 0; k < o->count; k++) {
        conv_layer with_bias = o->layers[k];
        int has_bias = with_bias.has_bias;
        with_bias.has_bias |= k > 0; /* rounding adds one */
        array4 y = {x.n, layer->n, x.h, x.w, NULL}, own[] = {like(&layer[0]), {1, layer->n, 1, 1, NULL}};
        own[1] = like(&own[1]);
        y = like(&y);
        if (k > 0)
            round_weights(layer, has_bias ? layer + 1 : NULL, o->ranges[k - 1], &own[0], &own[1]);
        forward_layer(&with_bias, &x, k > 0 ? own : layer, &y);
        layer += 1 + has_bias + 2 * with_bias.has_norm;
        for (size_t i = 0; k + 1 < o->count && i < array4_count(&y); i++)
            y.data[i] = rounded(y.data[i], o->ranges[k][i / (size_t)(y.h * y.w) % (size_t)y.c]);
        free(own[0].data);
        free(own[1].data);
        free(x.data);
        x = y;
    }
    memcpy(out->data, x.data, array4_count(out) * sizeof *x.data);
    free(x.data);
}

static double sigmoid_of(double x) {
    return 1 / (1 + exp(-x));
}

/* Gates of squeeze-and-excitation for one image: in[0 .. 3] are w1, b1, w2, b2. */
static void gates(const array4 *in, const double *squeezed, double *gate) {
    int hidden = in[0].n, channels = in[0].c;
    for (int c = 0; c < channels; c++) {
        double sum = in[3].data[c];
        for (int h = 0; h < hidden; h++) {
            double z = in[1].data[h];
            for (int i = 0; i < channels; i++)
                z += in[0].data[h * channels + i] * squeezed[i];
            sum += in[2].data[c * hidden + h] * fmax(0, z);
        }
        gate[c] = sigmoid_of(sum);
    }
}

/* x times its gates, in place. */
static void squeeze_excite(const array4 *weights, array4 *x) {
    double squeezed[64], gate[64];
    int plane = x->h * x->w;
    for (int n = 0; n < x->n; n++) {
        for (int c = 0; c < x->c; c++) {
            squeezed[c] = 0;
            for (int i = 0; i < plane; i++)
                squeezed[c] += at(x, n, c, 0, 0)[i] / plane;
        }
        gates(weights, squeezed, gate);
        for (int c = 0; c < x->c; c++)
            for (int i = 0; i < plane; i++)
                at(x, n, c, 0, 0)[i] *= gate[c];
    }
}

static const conv2d_options same_3x3 = {.stride = 1, .padding = 1, .dilation = 1};

/* in: x, the gates' four, weight, bias, and those of a norm or not. */
static void forward_gated_conv2d(const node *n, const array4 *in, array4 *out) {
    const gated_options *o = n->options;
    array4 x = like(&in[0]);
    if (n->input_count > 7) {
        const array4 normed[] = {in[0], in[7], in[8]};
        forward_batch_norm(&o->norm, true, normed, &x);
    } else {
        memcpy(x.data, in[0].data, array4_count(&x) * sizeof *x.data);
    }
    squeeze_excite(&in[1], &x);
    forward_conv2d(&same_3x3, false, &x, &in[5], &in[6], out);
    free(x.data);
}

/* in: x, the gates' four, w, b, v, vb, and those of a norm or not. */
static void forward_gated_conv_pair(const node *n, const array4 *in, array4 *out) {
    const gated_options *o = n->options;
    array4 x = like(&in[0]), wide = in[0];
    if (n->input_count > 9) {
        const array4 normed[] = {in[0], in[9], in[10]};
        forward_batch_norm(&o->norm, true, normed, &x);
    } else {
        memcpy(x.data, in[0].data, array4_count(&x) * sizeof *x.data);
    }
    wide.c = in[5].n;
    wide = like(&wide);
    forward_conv2d(&same_3x3, false, &x, &in[5], &in[6], &wide);
    squeeze_excite(&in[1], &wide);
    forward_conv2d(&same_3x3, false, &wide, &in[7], &in[8], out);
    free(x.data);
    free(wide.data);
}

static void forward_concat(const node *n, const array4 *in, array4 *out) {
    double *to = out->data;
    for (int image = 0; image < out->n; image++)
        for (int i = 0; i < n->input_count; i++)
            for (int c = 0; c < in[i].c; c++)
                for (int k = 0; k < in[i].h * in[i].w; k++)
                    *to++ = at(&in[i], image, c, 0, 0)[k];
}

/* The patch that row or column i belongs to. */
static int patch_of(int size, int parts, int i) {
    int index = i / (size / parts);
    return index < parts ? index : parts - 1;
}

/* One pixel p = (y, z) of one image attends to all pixels of its patch. */
static void attend(const array4 *in, int parts, int n, int y, int z, array4 *out) {
    const array4 *query = &in[0], *key = &in[1], *value = &in[2];
    double total = 0;
    for (int c = 0; c < out->c; c++)
        *at(out, n, c, y, z) = 0;
    for (int qy = 0; qy < key->h; qy++)
        for (int qz = 0; qz < key->w; qz++) {
            if (patch_of(key->h, parts, qy) != patch_of(key->h, parts, y) ||
                patch_of(key->w, parts, qz) != patch_of(key->w, parts, z))
                continue;
            double score = 0;
            for (int c = 0; c < key->c; c++)
                score += *at(query, n, c, y, z) * *at(key, n, c, qy, qz);
            total += exp(score);
            for (int c = 0; c < out->c; c++)
                *at(out, n, c, y, z) += exp(score) * *at(value, n, c, qy, qz);
        }
    for (int c = 0; c < out->c; c++)
        *at(out, n, c, y, z) /= total;
}

static void forward_attention(int parts, const array4 *in, array4 *out) {
    for (int n = 0; n < out->n; n++)
        for (int y = 0; y < out->h; y++)
            for (int z = 0; z < out->w; z++)
                attend(in, parts, n, y, z, out);
}

static void forward_patch_scale(const array4 *in, array4 *out) {
    const array4 *x = &in[0], *factor = &in[1];
    for (int n = 0; n < x->n; n++)
        for (int c = 0; c < x->c; c++)
            for (int y = 0; y < x->h; y++)
                for (int z = 0; z < x->w; z++)
                    *at(out, n, c, y, z) = *at(x, n, c, y, z) * *at(factor, n, c, patch_of(x->h, factor->h, y),
                                                                    patch_of(x->w, factor->w, z));
}

static void forward_dropout(const dropout_options *o, const array4 *x, array4 *out) {
    rng r = rng_new(o->seed, (uint64_t)*o->step);
    for (size_t i = 0; i < array4_count(x); i++)
        out->data[i] = rng_u32(&r) / 0x1p32 < o->rate ? 0 : x->data[i] / (1 - o->rate);
}

/* Each map with the 3x3 kernel of its image. */
static void forward_dynamic_conv2d(const array4 *x, const array4 *kernels, array4 *out) {
    for (int n = 0; n < x->n; n++) {
        array4 map = {1, 1, x->h, x->w, at(x, n, 0, 0, 0)}, result = {1, 1, x->h, x->w, at(out, n, 0, 0, 0)};
        array4 kernel = {1, 1, 3, 3, at(kernels, n, 0, 0, 0)};
        forward_conv2d(&same_3x3, false, &map, &kernel, NULL, &result);
    }
}

/* Weight of input pixel k in output pixel i of an axis: a hat around the place that i looks at, cut off at the ends. */
static double hat(int in, int out, bool align_corners, int i, int k) {
    double place = align_corners ? (out > 1 ? i * (in - 1.0) / (out - 1) : 0) : (i + 0.5) * in / out - 0.5;
    place = fmin(fmax(place, 0), in - 1);
    return fmax(0, 1 - fabs(place - k));
}

static void forward_resize(const resize_options *o, const array4 *x, array4 *out) {
    for (int n = 0; n < out->n; n++)
        for (int c = 0; c < out->c; c++)
            for (int y = 0; y < out->h; y++)
                for (int z = 0; z < out->w; z++) {
                    double sum = 0;
                    for (int iy = 0; iy < x->h; iy++)
                        for (int iz = 0; iz < x->w; iz++)
                            sum += hat(x->h, out->h, o->align_corners, y, iy) *
                                   hat(x->w, out->w, o->align_corners, z, iz) * *at(x, n, c, iy, iz);
                    *at(out, n, c, y, z) = sum;
                }
}

int op_reference_forward(const node *n, const array4 *in, array4 *out) {
    const char *name = n->op->name;
    size_t count = array4_count(out), plane = (size_t)in[0].h * (size_t)in[0].w;
    if (!strcmp(name, "conv2d") || !strcmp(name, "conv2d_relu")) {
        forward_conv2d(n->options, name[6], &in[0], &in[1], n->input_count == 3 ? &in[2] : NULL, out);
    } else if (!strcmp(name, "batch_norm") || !strcmp(name, "batch_norm_relu")) {
        forward_batch_norm(n->options, name[10], in, out);
    } else if (!strcmp(name, "folded_conv2d")) {
        forward_layer(n->options, &in[0], in + 1, out);
    } else if (!strcmp(name, "streamed_convs")) {
        forward_streamed(n->options, in, out);
    } else if (!strcmp(name, "byte_convs")) {
        forward_bytes(n->options, in, out);
    } else if (!strcmp(name, "norm_conv2d")) {
        forward_norm_conv2d(n->options, in, n->input_count == 5 ? &in[4] : NULL, out);
    } else if (!strcmp(name, "gated_conv2d")) {
        forward_gated_conv2d(n, in, out);
    } else if (!strcmp(name, "gated_conv_pair")) {
        forward_gated_conv_pair(n, in, out);
    } else if (!strcmp(name, "relu")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = fmax(0, in[0].data[i]);
    } else if (!strcmp(name, "sigmoid")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = sigmoid_of(in[0].data[i]);
    } else if (!strcmp(name, "tanh")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = tanh(in[0].data[i]);
    } else if (!strcmp(name, "leaky_relu")) {
        const leaky_relu_options *o = n->options;
        for (size_t i = 0; i < count; i++)
            out->data[i] = fmax(0, in[0].data[i]) + (double)o->slope * fmin(0, in[0].data[i]);
    } else if (!strcmp(name, "dynamic_conv2d")) {
        forward_dynamic_conv2d(&in[0], &in[1], out);
    } else if (!strcmp(name, "global_average_pool")) {
        for (size_t i = 0; i < count; i++) {
            out->data[i] = 0;
            for (size_t k = 0; k < plane; k++)
                out->data[i] += in[0].data[i * plane + k] / (double)plane;
        }
    } else if (!strcmp(name, "channel_scale")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = in[0].data[i] * in[1].data[i / plane];
    } else if (!strcmp(name, "add")) {
        const add_options *o = n->options;
        for (size_t i = 0; i < count; i++)
            out->data[i] = (double)o->weight_a * in[0].data[i] + (double)o->weight_b * in[1].data[i];
    } else if (!strcmp(name, "weighted_sum")) {
        const weighted_sum_options *o = n->options;
        for (size_t i = 0; i < count; i++) {
            out->data[i] = 0;
            for (int k = 0; k < n->input_count; k++)
                out->data[i] += (double)o->weights[k] * in[k].data[i];
        }
    } else if (!strcmp(name, "concat")) {
        forward_concat(n, in, out);
    } else if (!strcmp(name, "scale")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = in[1].data[0] * in[0].data[i];
    } else if (!strcmp(name, "multiply")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = in[0].data[i] * in[1].data[i];
    } else if (!strcmp(name, "attention")) {
        forward_attention(((const attention_options *)n->options)->parts, in, out);
    } else if (!strcmp(name, "spatial_scale")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = in[0].data[i] * in[1].data[i / (plane * (size_t)in[0].c) * plane + i % plane];
    } else if (!strcmp(name, "patch_scale")) {
        forward_patch_scale(in, out);
    } else if (!strcmp(name, "dropout")) {
        forward_dropout(n->options, &in[0], out);
    } else if (!strcmp(name, "resize_bilinear")) {
        forward_resize(n->options, &in[0], out);
    } else if (!strcmp(name, "mse")) {
        size_t elements = array4_count(&in[0]);
        *out->data = 0;
        for (size_t i = 0; i < elements; i++)
            *out->data += pow(in[0].data[i] - in[1].data[i], 2) / (double)elements;
    } else if (!strcmp(name, "mask_loss")) {
        return mask_loss_reference_forward(n->options, in, out);
    } else {
        return pool_reference_forward(n, in, out);
    }
    return 1;
}
