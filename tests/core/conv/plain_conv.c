#include "tests/core/conv/plain_conv.h"

#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>

static plain_result plain_new(size_t count) {
    plain_result p = {count, calloc(count, sizeof *p.value), calloc(count, sizeof *p.size)};
    assert_true(p.value && p.size);
    return p;
}

void plain_free(plain_result *p) {
    free(p->value);
    free(p->size);
    *p = (plain_result){0};
}

double plain_largest(const plain_result *p) {
    double largest = 0;
    for (size_t i = 0; i < p->count; i++)
        largest = fmax(largest, p->size[i]);
    return largest;
}

static void add_term(plain_result *p, size_t at, double term) {
    p->value[at] += term;
    p->size[at] += fabs(term);
}

static double normalised(const conv_norm *norm, int channel, double x) {
    return norm ? fmax(0, norm->scale[channel] * x + norm->shift[channel]) : x;
}

/* Calls `term` for each pair of an output pixel and the input pixel that a tap meets there; all indices dense. */
typedef struct plain_sum {
    plain_result *result;
    const tensor *x, *y; /* of the forward direction: NULL data where it is the result */
    const float *weight;
    const conv_norm *norm;
} plain_sum;
typedef void plain_term(const plain_sum *s, size_t x_at, size_t y_at, size_t weight_at, double x, double y);

static void each_tap(const plain_sum *s, const conv_options *o, plain_term *term, int n, int oc, int ic) {
    const tensor *x = s->x, *y = s->y;
    const float *x_plane = x->data ? tensor_plane(x, n, ic) : NULL, *y_plane = y->data ? tensor_plane(y, n, oc) : NULL;
    for (int row = 0; row < y->h; row++)
        for (int ky = 0; ky < o->kh; ky++) {
            int from_row = row * o->stride - o->padding + ky * o->dilation;
            if (from_row < 0 || from_row >= x->h)
                continue;
            for (int column = 0; column < y->w; column++)
                for (int kx = 0; kx < o->kw; kx++) {
                    int from = column * o->stride - o->padding + kx * o->dilation;
                    if (from < 0 || from >= x->w)
                        continue;
                    double pixel = x_plane ? normalised(s->norm, ic, x_plane[from_row * x->row + from]) : 0;
                    term(s, (((size_t)n * x->c + (size_t)ic) * x->h + (size_t)from_row) * x->w + (size_t)from,
                         (((size_t)n * y->c + (size_t)oc) * y->h + (size_t)row) * y->w + (size_t)column,
                         (((size_t)oc * x->c + (size_t)ic) * o->kh + (size_t)ky) * o->kw + (size_t)kx, pixel,
                         y_plane ? y_plane[row * y->row + column] : 0);
                }
        }
}

static void each_term(const plain_sum *s, const conv_options *o, plain_term *term) {
    for (int n = 0; n < s->y->n; n++)
        for (int oc = 0; oc < s->y->c; oc++)
            for (int ic = 0; ic < s->x->c; ic++)
                each_tap(s, o, term, n, oc, ic);
}

static void forward_term(const plain_sum *s, size_t x_at, size_t y_at, size_t weight_at, double x, double y) {
    (void)x_at;
    (void)y;
    add_term(s->result, y_at, x * s->weight[weight_at]);
}

static void input_term(const plain_sum *s, size_t x_at, size_t y_at, size_t weight_at, double x, double y) {
    (void)y_at;
    (void)x;
    add_term(s->result, x_at, y * s->weight[weight_at]);
}

static void weight_term(const plain_sum *s, size_t x_at, size_t y_at, size_t weight_at, double x, double y) {
    (void)x_at;
    (void)y_at;
    add_term(s->result, weight_at, x * y);
}

plain_result plain_forward(const tensor *x, const conv_norm *norm, const float *weight, const float *bias,
                           const conv_options *o, bool relu, const tensor *y) {
    plain_result p = plain_new((size_t)tensor_count(y));
    tensor result = *y;
    result.data = NULL;
    size_t pixels = (size_t)y->h * (size_t)y->w;
    for (size_t i = 0; bias && i < p.count; i++)
        add_term(&p, i, bias[i / pixels % (size_t)y->c]);
    each_term(&(plain_sum){&p, x, &result, weight, norm}, o, forward_term);
    for (size_t i = 0; relu && i < p.count; i++)
        p.value[i] = fmax(0, p.value[i]);
    return p;
}

static void add_pixels(plain_result *p, const tensor *t) {
    size_t at = 0;
    for (int plane = 0; plane < t->n * t->c; plane++)
        for (int y = 0; y < t->h; y++)
            for (int x = 0; x < t->w; x++)
                add_term(p, at++, t->data[plane * t->plane + y * t->row + x]);
}

plain_result plain_input_gradient(const tensor *dy, const float *weight, const conv_options *o, const tensor *before,
                                  const tensor *dx) {
    plain_result p = plain_new((size_t)tensor_count(dx));
    tensor result = *dx;
    result.data = NULL;
    if (before)
        add_pixels(&p, before);
    each_term(&(plain_sum){&p, &result, dy, weight, NULL}, o, input_term);
    return p;
}

plain_result plain_weight_gradient(const tensor *x, const conv_norm *norm, const tensor *dy, const conv_options *o,
                                   const float *before) {
    plain_result p = plain_new((size_t)dy->c * (size_t)x->c * (size_t)(o->kh * o->kw));
    for (size_t i = 0; i < p.count; i++)
        add_term(&p, i, before ? before[i] : 0);
    each_term(&(plain_sum){&p, x, dy, NULL, norm}, o, weight_term);
    return p;
}

plain_result plain_bias_gradient(const tensor *dy, const float *before) {
    plain_result p = plain_new((size_t)dy->c);
    for (int c = 0; c < dy->c; c++)
        add_term(&p, (size_t)c, before ? before[c] : 0);
    for (int n = 0; n < dy->n; n++)
        for (int c = 0; c < dy->c; c++)
            for (int y = 0; y < dy->h; y++)
                for (int x = 0; x < dy->w; x++)
                    add_term(&p, (size_t)c, tensor_plane(dy, n, c)[y * dy->row + x]);
    return p;
}
