/* The convolutions among the kernels: one call, or two for two bands, against plain sums. */
#include "core/conv/conv_winograd.h"
#include "tests/core/conv/plain_conv.h"
#include "tests/core/conv/winograd_matrices.h"
#include "tests/core/tensor/kernel_checks.h"
#include "tests/core/tensor/watched.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A convolution of one image with stride 1, and all that its directions read and write. */
typedef struct layer {
    conv_options o;
    watched_tensor x, y, before;
    watched weight, bias, scale, shift;
    conv_norm norms;
    const conv_norm *norm; /* NULL: x as it is */
    char name[96];
} layer;

static watched random_floats(rng *r, int count) {
    watched w = watched_new((size_t)count, 0);
    fill_normal(r, w.data, w.count);
    return w;
}

static layer layer_new(const kernel_table *set, int ic, int oc, int h, int w, conv_options o) {
    rng r = rng_new(10, (uint64_t)(ic * 1000 + w));
    tensor x = tensor_planar(1, ic, h, w);
    tensor y = tensor_planar(1, oc, conv_output_size(h, o.kh, &o), conv_output_size(w, o.kw, &o));
    layer l = {.o = o,
               .x = watched_tensor_new(&x, &r),
               .y = watched_tensor_new(&y, &r),
               .before = watched_tensor_new(&y, &r),
               .weight = random_floats(&r, oc * ic * o.kh * o.kw),
               .bias = random_floats(&r, oc),
               .scale = random_floats(&r, ic),
               .shift = random_floats(&r, ic)};
    watched_tensor_copy(&l.y, &l.before);
    l.norms = (conv_norm){l.scale.data, l.shift.data};
    snprintf(l.name, sizeof l.name, "%s, %d -> %d, %dx%d, kernel %dx%d p%d d%d", set->name, ic, oc, h, w, o.kh, o.kw,
             o.padding, o.dilation);
    return l;
}

static void layer_free(layer *l) {
    watched *all[] = {&l->x.room, &l->y.room, &l->before.room, &l->weight, &l->bias, &l->scale, &l->shift};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        watched_free(all[i]);
}

/* `factor` roundings of the largest sum of magnitudes. */
static void expect_close(const float *got, const plain_result *expected, double factor, const char *name) {
    double limit = factor * FLOAT_ROUNDING * plain_largest(expected);
    for (size_t i = 0; i < expected->count; i++)
        if (!(fabs(got[i] - expected->value[i]) <= limit))
            fail_msg("%s: %.9g at %zu, expected %.9g", name, (double)got[i], i, expected->value[i]);
}

/* y against the convolution, added to what was there if `accumulate`, else with bias and ReLU. */
static void expect_output(const layer *l, bool accumulate, double factor) {
    expect_watched_tensor(&l->y, l->name);
    plain_result p =
        plain_forward(&l->x.t, l->norm, l->weight.data, accumulate ? NULL : l->bias.data, &l->o, !accumulate, &l->y.t);
    watched y = watched_new(p.count, 0), before = watched_new(p.count, 0);
    tensor_to_array(&l->y.t, y.data);
    tensor_to_array(&l->before.t, before.data);
    for (size_t i = 0; accumulate && i < p.count; i++)
        p.value[i] += before.data[i];
    expect_close(y.data, &p, factor, l->name);
    watched_free(&y);
    watched_free(&before);
    plain_free(&p);
}

static void check_rows(const kernel_table *set, int ic, int oc, int h, int w, conv_options o, bool accumulate) {
    layer l = layer_new(set, ic, oc, h, w, o);
    float *packed = malloc(conv_packed_count(oc, ic, o.kh, o.kw) * sizeof *packed);
    assert_non_null(packed);
    conv_pack_weights(l.weight.data, oc, ic, o.kh, o.kw, false, packed);
    conv_rows k = {.input = l.x.t.data - o.padding * l.x.t.row - o.padding,
                   .input_row = l.x.t.row,
                   .input_plane = l.x.t.plane,
                   .output = l.y.t.data,
                   .output_row = l.y.t.row,
                   .output_plane = l.y.t.plane,
                   .ic = ic,
                   .oc = oc,
                   .width = l.y.t.w,
                   .kh = o.kh,
                   .kw = o.kw,
                   .dilation = o.dilation,
                   .weight = packed,
                   .bias = accumulate ? NULL : l.bias.data,
                   .relu = !accumulate,
                   .accumulate = accumulate};
    set->conv_rows(&k, 0, l.y.t.h / 2);
    set->conv_rows(&k, l.y.t.h / 2, l.y.t.h);
    expect_output(&l, accumulate, 16);
    free(packed);
    layer_free(&l);
}

static void check_weight_rows(const kernel_table *set, int ic, int oc, int h, int w, conv_options o) {
    layer l = layer_new(set, ic, oc, h, w, o);
    size_t weights = l.weight.count;
    watched parts[2] = {watched_new(weights + (size_t)oc, NAN), watched_new(weights + (size_t)oc, NAN)};
    for (int part = 0; part < 2; part++) {
        conv_weight_rows k = {.input = l.x.t.data - o.padding * l.x.t.row - o.padding,
                              .input_row = l.x.t.row,
                              .input_plane = l.x.t.plane,
                              .output_grad = l.y.t.data,
                              .output_row = l.y.t.row,
                              .output_plane = l.y.t.plane,
                              .ic = ic,
                              .oc = oc,
                              .width = l.y.t.w,
                              .kh = o.kh,
                              .kw = o.kw,
                              .dilation = o.dilation,
                              .partial = parts[part].data};
        int half = l.y.t.h / 2;
        set->conv_weight_rows(&k, part ? half : 0, part ? l.y.t.h : half);
        expect_watched(&parts[part], l.name);
    }
    for (size_t i = 0; i < parts[0].count; i++)
        parts[0].data[i] += parts[1].data[i];
    plain_result dweight = plain_weight_gradient(&l.x.t, NULL, &l.y.t, &o, NULL),
                 dbias = plain_bias_gradient(&l.y.t, NULL);
    expect_close(parts[0].data, &dweight, 16, l.name);
    expect_close(parts[0].data + weights, &dbias, 16, l.name);
    plain_free(&dweight);
    plain_free(&dbias);
    watched_free(&parts[0]);
    watched_free(&parts[1]);
    layer_free(&l);
}

static const int widths[] = {2, 7, 16, 17, 33, 64, 65, 130};
static const int channels[][2] = {{1, 4}, {4, 4}, {3, 5}, {8, 1}, {2, 9}, {17, 32}};
static const conv_options geometries[] = {
    {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1}, {.kh = 1, .kw = 1, .stride = 1, .dilation = 1},
    {.kh = 2, .kw = 2, .stride = 1, .padding = 1, .dilation = 1}, {.kh = 1, .kw = 2, .stride = 1, .dilation = 1},
    {.kh = 5, .kw = 5, .stride = 1, .padding = 1, .dilation = 1}, {.kh = 3, .kw = 2, .stride = 1, .dilation = 1},
    {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 2},
};
enum {
    WIDTHS = sizeof widths / sizeof *widths,
    CHANNELS = sizeof channels / sizeof *channels,
    GEOMETRIES = sizeof geometries / sizeof *geometries
};

/* Calls for all shapes whose kernel fits the map and whose output is more than one pixel. */
static void each_shape(const kernel_table *set, void (*check)(const kernel_table *set, int ic, int oc, int h, int w,
                                                              conv_options o, int index)) {
    for (int index = 0; index < WIDTHS * CHANNELS * GEOMETRIES; index++) {
        int w = widths[index % WIDTHS], c = index / WIDTHS % CHANNELS, h = 3 + (3 * index + c) % 10;
        conv_options o = geometries[index / WIDTHS / CHANNELS];
        int oh = conv_output_size(h, o.kh, &o), ow = conv_output_size(w, o.kw, &o);
        if (oh >= 1 && ow >= 1 && oh * ow > 1)
            check(set, channels[c][0], channels[c][1], h, w, o, index);
    }
}

static void rows_of_shape(const kernel_table *set, int ic, int oc, int h, int w, conv_options o, int index) {
    check_rows(set, ic, oc, h, w, o, index % 2);
}

static void weight_rows_of_shape(const kernel_table *set, int ic, int oc, int h, int w, conv_options o, int index) {
    (void)index;
    check_weight_rows(set, ic, oc, h, w, o);
}

void check_conv_rows(const kernel_table *set) {
    each_shape(set, rows_of_shape);
}

void check_conv_weight_rows(const kernel_table *set) {
    each_shape(set, weight_rows_of_shape);
}

/* --- Winograd: its rounding is that of sums of 36 products with factors of up to 2.5^2 and 2^2 around them, or with
 * small tiles of 16 products and sums of four --- */

enum { WINOGRAD_ROUNDINGS = 16 * 8, SMALL_ROUNDINGS = 16 };

static const conv_options same_3x3 = {.kh = 3, .kw = 3, .stride = 1, .padding = 1, .dilation = 1};
static const int winograd_sizes[][2] = {{1, 2},   {2, 1},   {4, 16},   {21, 33},  {15, 64},
                                        {8, 127}, {9, 128}, {11, 129}, {13, 260}, {1, 70}};
static const int winograd_channels[][2] = {{8, 8}, {32, 32}, {9, 17}, {16, 3}, {1, 1}};
enum {
    WINOGRAD_SIZES = sizeof winograd_sizes / sizeof *winograd_sizes,
    WINOGRAD_CHANNELS = sizeof winograd_channels / sizeof *winograd_channels
};

static winograd_input input_of(const layer *l, bool norm) {
    return (winograd_input){.pixels = l->x.t.data,
                            .row = l->x.t.row,
                            .plane = l->x.t.plane,
                            .channels = l->x.t.c,
                            .height = l->x.t.h,
                            .width = l->x.t.w,
                            .scale = norm ? l->scale.data : NULL,
                            .shift = norm ? l->shift.data : NULL};
}

static void check_winograd(const kernel_table *set, winograd_side side, int ic, int oc, int h, int w, int index) {
    void (*rows)(const winograd_rows *, int, int, float *) =
        side == WINOGRAD_LARGE ? set->winograd_rows : set->winograd_small_rows;
    bool norm = index % 2, accumulate = index % 3 == 0;
    layer l = layer_new(set, ic, oc, h, w, same_3x3);
    l.norm = norm ? &l.norms : NULL;
    float *packed = malloc(conv_winograd_packed_count(side, WINOGRAD_BLOCK, oc, ic) * sizeof *packed);
    assert_non_null(packed);
    watched scratch = watched_new(set->winograd_scratch(ic, oc), NAN);
    conv_winograd_pack(test_engine(), side, WINOGRAD_BLOCK, l.weight.data, oc, ic, false, packed);
    winograd_rows k = {.input = input_of(&l, norm),
                       .output = l.y.t.data,
                       .output_row = l.y.t.row,
                       .output_plane = l.y.t.plane,
                       .oc = oc,
                       .weight = packed,
                       .bias = accumulate ? NULL : l.bias.data,
                       .relu = !accumulate,
                       .accumulate = accumulate,
                       .past_cache = index % 5 == 0 && !accumulate};
    int half = h / 8 * 4;
    rows(&k, 0, half, scratch.data);
    rows(&k, half, h + 3, scratch.data); /* as far as the image has rows */
    expect_output(&l, accumulate, side == WINOGRAD_LARGE ? WINOGRAD_ROUNDINGS : SMALL_ROUNDINGS);
    expect_watched(&scratch, l.name);
    watched_free(&scratch);
    free(packed);
    layer_free(&l);
}

static void check_winograd_shapes(const kernel_table *set, winograd_side side) {
    for (int i = 0; i < WINOGRAD_SIZES; i++)
        for (int c = 0; c < WINOGRAD_CHANNELS; c++)
            check_winograd(set, side, winograd_channels[c][0], winograd_channels[c][1], winograd_sizes[i][0],
                           winograd_sizes[i][1], i * WINOGRAD_CHANNELS + c);
}

void check_winograd_rows(const kernel_table *set) {
    check_winograd_shapes(set, WINOGRAD_LARGE);
}

void check_winograd_small_rows(const kernel_table *set) {
    check_winograd_shapes(set, WINOGRAD_SMALL);
}

/* G^T partial G: the gradient of tap (ky, kx) between two channels. */
static double tap_gradient(const winograd_matrices *m, const float *partial, ptrdiff_t point_stride, int ky, int kx) {
    double sum = 0;
    for (int p = 0; p < 6; p++)
        for (int q = 0; q < 6; q++)
            sum += m->G[p][ky] * m->G[q][kx] * partial[(p * 6 + q) * point_stride];
    return sum;
}

static void check_winograd_weights(const kernel_table *set, int ic, int oc, int h, int w, int index) {
    bool norm = index % 2;
    layer l = layer_new(set, ic, oc, h, w, same_3x3);
    l.norm = norm ? &l.norms : NULL;
    int padded = set->winograd_padded(oc);
    winograd_matrices m = winograd_matrices_of(WINOGRAD_LARGE);
    watched partial = watched_new((size_t)(WINOGRAD_POINTS * ic * padded), 0);
    watched scratch = watched_new(set->winograd_scratch(ic, oc), NAN);
    winograd_weight_rows k = {.input = input_of(&l, norm),
                              .output_grad = l.y.t.data,
                              .output_row = l.y.t.row,
                              .output_plane = l.y.t.plane,
                              .oc = oc,
                              .partial = partial.data};
    int half = h / 16 * 8;
    set->winograd_weight_rows(&k, 0, half, scratch.data);
    set->winograd_weight_rows(&k, half, h, scratch.data);
    expect_watched(&partial, l.name);
    expect_watched(&scratch, l.name);
    plain_result expected = plain_weight_gradient(&l.x.t, l.norm, &l.y.t, &l.o, NULL);
    watched got = watched_new(expected.count, 0);
    for (int o = 0; o < oc; o++)
        for (int i = 0; i < ic; i++)
            for (int tap = 0; tap < 9; tap++)
                got.data[(o * ic + i) * 9 + tap] = (float)tap_gradient(&m, partial.data + (ptrdiff_t)i * padded + o,
                                                                       (ptrdiff_t)ic * padded, tap / 3, tap % 3);
    expect_close(got.data, &expected, WINOGRAD_ROUNDINGS, l.name);
    plain_free(&expected);
    watched_free(&got);
    watched_free(&partial);
    watched_free(&scratch);
    layer_free(&l);
}

void check_winograd_weight_rows(const kernel_table *set) {
    for (int i = 0; i < WINOGRAD_SIZES; i++)
        for (int c = 0; c < WINOGRAD_CHANNELS; c++)
            check_winograd_weights(set, winograd_channels[c][0], winograd_channels[c][1], winograd_sizes[i][0],
                                   winograd_sizes[i][1], i * WINOGRAD_CHANNELS + c);
}

/* That it is enough is seen above, where nothing is written after it. */
void check_winograd_scratch(const kernel_table *set) {
    for (int channels_of = 1; channels_of < 40; channels_of++) {
        assert_true(set->winograd_scratch(channels_of + 1, 8) > set->winograd_scratch(channels_of, 8));
        assert_true(set->winograd_scratch(8, channels_of + 1) >= set->winograd_scratch(8, channels_of));
    }
}

void check_winograd_padded(const kernel_table *set) {
    int step = set->winograd_padded(1);
    for (int oc = 1; oc < 100; oc++) {
        int padded = set->winograd_padded(oc);
        assert_true(padded >= oc && padded < oc + step && padded % step == 0);
    }
}
