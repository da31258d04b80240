#include "tests/op_reference.h"

#include "autograd/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t array4_count(const array4 *a) {
    return (size_t)a->n * (size_t)a->c * (size_t)a->h * (size_t)a->w;
}

static double *at(const array4 *a, int n, int c, int y, int x) {
    return a->data + (((size_t)n * a->c + c) * a->h + y) * a->w + x;
}

static double activate(activation kind, double z) {
    return kind == ACTIVATION_RELU && z < 0 ? 0 : z;
}

static double conv2d_pixel(const array4 *x, const array4 *w, const conv2d_options *o, int n, int oc, int oy, int ox) {
    double sum = 0;
    for (int ic = 0; ic < x->c; ic++)
        for (int ky = 0; ky < w->h; ky++)
            for (int kx = 0; kx < w->w; kx++) {
                int y = oy * o->stride - o->padding + ky * o->dilation;
                int z = ox * o->stride - o->padding + kx * o->dilation;
                if (y >= 0 && y < x->h && z >= 0 && z < x->w)
                    sum += *at(x, n, ic, y, z) * *at(w, oc, ic, ky, kx);
            }
    return sum;
}

/* b may be NULL. */
static void forward_conv2d(const conv2d_options *o, const array4 *x, const array4 *w, const array4 *b, array4 *out) {
    for (int n = 0; n < out->n; n++)
        for (int c = 0; c < out->c; c++)
            for (int y = 0; y < out->h; y++)
                for (int z = 0; z < out->w; z++)
                    *at(out, n, c, y, z) =
                        activate(o->activation, (b ? b->data[c] : 0) + conv2d_pixel(x, w, o, n, c, y, z));
}

static void forward_batch_norm(const batch_norm_options *o, activation act, const array4 *in, array4 *out) {
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
                at(out, n, c, 0, 0)[i] = activate(act, normal * in[1].data[c] + in[2].data[c]);
            }
    }
}

static array4 like(const array4 *a) {
    array4 copy = *a;
    copy.data = calloc(array4_count(a), sizeof *copy.data);
    return copy;
}

static void forward_norm_conv2d(const norm_conv2d_options *o, const array4 *in, array4 *out) {
    array4 normal = like(&in[0]);
    forward_batch_norm(&o->norm, ACTIVATION_RELU, in, &normal);
    forward_conv2d(&o->conv, &normal, &in[3], &in[4], out);
    free(normal.data);
}

static double sigmoid_of(double x) {
    return 1 / (1 + exp(-x));
}

static void forward_soft_iou(const array4 *in, array4 *out) {
    size_t pixels = array4_count(&in[0]) / (size_t)in[0].n;
    double total = 0;
    for (int n = 0; n < in[0].n; n++) {
        const double *z = in[0].data + (size_t)n * pixels, *t = in[1].data + (size_t)n * pixels;
        double overlap = 0, sum = 0;
        for (size_t i = 0; i < pixels; i++) {
            overlap += sigmoid_of(z[i]) * t[i];
            sum += sigmoid_of(z[i]) + t[i];
        }
        total += (overlap + 1) / (sum - overlap + 1);
    }
    *out->data = 1 - total / in[0].n;
}

int op_reference_forward(const node *n, const array4 *in, array4 *out) {
    const char *name = n->op->name;
    size_t count = array4_count(out), plane = (size_t)in[0].h * (size_t)in[0].w;
    if (!strcmp(name, "conv2d")) {
        forward_conv2d(n->options, &in[0], &in[1], n->input_count == 3 ? &in[2] : NULL, out);
    } else if (!strcmp(name, "batch_norm")) {
        const batch_norm_options *o = n->options;
        forward_batch_norm(o, o->activation, in, out);
    } else if (!strcmp(name, "norm_conv2d")) {
        forward_norm_conv2d(n->options, in, out);
    } else if (!strcmp(name, "relu")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = fmax(0, in[0].data[i]);
    } else if (!strcmp(name, "sigmoid")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = sigmoid_of(in[0].data[i]);
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
    } else if (!strcmp(name, "scale")) {
        for (size_t i = 0; i < count; i++)
            out->data[i] = in[1].data[0] * in[0].data[i];
    } else if (!strcmp(name, "mse")) {
        size_t elements = array4_count(&in[0]);
        *out->data = 0;
        for (size_t i = 0; i < elements; i++)
            *out->data += pow(in[0].data[i] - in[1].data[i], 2) / (double)elements;
    } else if (!strcmp(name, "soft_iou")) {
        forward_soft_iou(in, out);
    } else {
        return 0;
    }
    return 1;
}
