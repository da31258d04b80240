/* The end of a bottleneck: a 3x3 convolution without activation, squeeze-and-excitation (Hu et al., 2018) and a 3x3
 * convolution to one map, in one operation, of an input that may be batch-normalised and rectified first. Nothing in it
 * but the gates is other than linear: both convolutions become one (core/conv/conv_pair.h), and the wide map between
 * them, F, is never computed.
 *
 * Forward    x = X or max(0, bn(X));  F = conv2d(x, w) + b;  gate[n,c] as in gate.h from the means of F
 *            Y = conv2d(gate F, v) + vb
 *
 * It is computed from sums of x: with S_i(s) the sum of x_i over the pixels that tap s meets,
 *
 *            mean of F_c = b_c + sum over i, s of w_ci(s) S_i(s) / (H W)
 *            A(t,i,s) = sum_c gate_c v_c(t) w_ci(s)
 *            B(t) = sum_c gate_c v_c(t) b_c
 *
 * and Y from A and B as conv_pair.h says.
 *
 * Gradients  dA, dB from conv_pair.h, dmean from gate.h
 *            Q_c(t) = sum over i, s of w_ci(s) dA(t,i,s) + b_c dB(t)
 *            dgate_c = sum_t v_c(t) Q_c(t);  dv_c(t) = gate_c Q_c(t)
 *            dw_ci(s) = gate_c sum_t v_c(t) dA(t,i,s) + dmean_c S_i(s) / (H W)
 *            db_c = gate_c sum_t v_c(t) dB(t) + dmean_c
 *
 * dx has, besides conv_pair.h's, sum_c dmean_c w_ci(s) / (H W) for each s with which the pixel is met. */
#include "autograd/fused/fused.h"

#include "autograd/shared/conv2d.h"
#include "autograd/shared/gate.h"
#include "autograd/shared/norm.h"
#include "autograd/shared/op_support.h"
#include "autograd/tape_rewrite.h"
#include "core/base/carve.h"
#include "core/base/parallel.h"
#include "core/conv/conv_pair.h"

#include <string.h>

/* Inputs; the last two only with a norm. */
enum { X, GATE, W = GATE + GATE_INPUTS, B, V, VB, NORM_WEIGHT, NORM_BIAS };

enum { TAPS = 9 };

static bool has_norm(const node *n) {
    return n->input_count > NORM_WEIGHT;
}

static const tensor *input_of(const node *n) {
    return &n->input[X]->value;
}

static norm_saved saved_norm(const node *n) {
    return norm_saved_at(n->saved, input_of(n)->c);
}

/* Saved: the norm's numbers; then, for each image, those of its gates and S_i(s) / (H W), [ic][9]. */
static size_t saved_per_image(const node *n) {
    return gate_saved_count(n, GATE) + (size_t)input_of(n)->c * TAPS;
}

static float *saved_image(const node *n, int image) {
    float *saved = n->saved;
    return saved + NORM_SAVED_COUNT(input_of(n)->c) + (size_t)image * saved_per_image(n);
}

static gate_saved saved_gate(const node *n, int image) {
    return gate_saved_at(n, GATE, saved_image(n, image));
}

static float *saved_means(const node *n, int image) {
    return saved_image(n, image) + gate_saved_count(n, GATE);
}

static status infer_shape(node *n) {
    const tensor *x = input_of(n), *w = &n->input[W]->value, *v = &n->input[V]->value;
    if (has_norm(n))
        TRY(norm_check(x, n->input[NORM_WEIGHT], n->input[NORM_BIAS]));
    TRY(gate_check(n, GATE, w->n));
    bool fits = w->c == x->c && w->h == 3 && w->w == 3 && tensor_count(&n->input[B]->value) == w->n && v->n == 1 &&
                v->c == w->n && v->h == 3 && v->w == 3 && tensor_count(&n->input[VB]->value) == 1;
    if (!fits || !conv_pair_fits(x))
        return status_fail(STATUS_USAGE, "3x3 kernels %d -> %d -> %d on %d channels of %dx%d pixels do not fit", w->c,
                           w->n, v->n, x->c, x->h, x->w);
    n->saved_count = NORM_SAVED_COUNT(x->c) + (size_t)x->n * saved_per_image(n);
    n->value = tensor_planar(x->n, 1, x->h, x->w);
    return STATUS_OK;
}

/* Scratch: of the merged convolution; sums of the normalisation; X normalised; a place for dX, where it needs one
 * (norm.h); each image's merged kernels; their gradients, also taken apart; and, of one image, A and B or their
 * gradients, of the gates, of the means. */
typedef struct scratch_parts {
    float *conv, *normal, *room, *taps, *constants;
    void *sums;
    double *dtaps, *dconstants, *A, *B, *dgate, *dmean;
    float *added; /* what the means' gradients add to dx away from the border, [image][ic] */
} scratch_parts;

static scratch_parts carve_parts(const node *n, carver *c) {
    const tensor *x = input_of(n);
    size_t images = (size_t)x->n, ic = (size_t)x->c, channels = (size_t)n->input[W]->value.n;
    size_t kernels_count = images * CONV_PAIR_ZONES * ic * CONV_PAIR_TAPS, zones = images * CONV_PAIR_ZONES;
    scratch_parts s = {.conv = carve(c, conv_pair_scratch(x), sizeof *s.conv),
                       .sums = carve(c, norm_scratch(x), sizeof(float)),
                       .taps = carve(c, kernels_count, sizeof *s.taps),
                       .constants = carve(c, zones, sizeof *s.constants),
                       .dtaps = carve(c, kernels_count, sizeof *s.dtaps),
                       .dconstants = carve(c, zones, sizeof *s.dconstants),
                       .A = carve(c, TAPS * ic * TAPS, sizeof *s.A),
                       .B = carve(c, TAPS, sizeof *s.B),
                       .dgate = carve(c, channels, sizeof *s.dgate),
                       .dmean = carve(c, channels, sizeof *s.dmean),
                       .added = carve(c, images * ic, sizeof *s.added)};
    if (has_norm(n)) {
        s.normal = carve(c, norm_applied_room(x), sizeof *s.normal);
        s.room = carve(c, norm_room(n, X, NORM_WEIGHT), sizeof *s.room);
    }
    return s;
}

static scratch_parts parts_of(const node *n, const op_run *run) {
    return carve_parts(n, &(carver){.base = run->scratch});
}

static size_t scratch(const engine *e, const node *n) {
    (void)e;
    carver c = {0};
    carve_parts(n, &c);
    return c.used / sizeof(float);
}

typedef struct planes_job {
    const node *n;
    tensor convolved;
} planes_job;

/* What is convolved: X, or normalised into the scratch. */
static tensor convolved_input(engine *e, const node *n, const scratch_parts *s) {
    const tensor *x = input_of(n);
    if (!has_norm(n))
        return *x;
    norm_applied_clear(x, s->normal);
    return norm_apply(e, x, saved_norm(n), s->normal);
}

/* S_i(s) / (H W): the sum of the plane without the row and the column that the tap never meets. */
static void tap_means(const worker *w, void *context, int plane) {
    const planes_job *job = context;
    const tensor *x = &job->convolved;
    const float *data = plane_data(x, plane);
    double pixels = (double)x->h * x->w, total = w->kernels->plane_sum(plane_of(x), data);
    double rows[3] = {0}, columns[3] = {0}; /* missed by taps -1, 0, 1 */
    for (int c = 0; c < x->w; c++) {
        rows[0] += data[(x->h - 1) * x->row + c];
        rows[2] += data[c];
    }
    for (int r = 0; r < x->h; r++) {
        columns[0] += data[r * x->row + x->w - 1];
        columns[2] += data[r * x->row];
    }
    float *means = saved_means(job->n, plane / x->c) + plane % x->c * TAPS;
    for (int s = 0; s < TAPS; s++) {
        int dy = s / 3, dx = s % 3;
        double both = dy == 1 || dx == 1 ? 0 : data[(dy ? 0 : x->h - 1) * x->row + (dx ? 0 : x->w - 1)];
        means[s] = (float)((total - rows[dy] - columns[dx] + both) / pixels);
    }
}

/* A and B of one image, and from them its merged kernels. */
static void merge_kernels(const node *n, int image, const scratch_parts *s) {
    int ic = input_of(n)->c, channels = n->input[W]->value.n;
    const float *w = n->input[W]->value.data, *b = n->input[B]->value.data, *v = n->input[V]->value.data;
    const float *gate = saved_gate(n, image).gate;
    memset(s->A, 0, (size_t)(TAPS * ic * TAPS) * sizeof *s->A);
    memset(s->B, 0, TAPS * sizeof *s->B);
    for (int c = 0; c < channels; c++)
        for (int t = 0; t < TAPS; t++) {
            double factor = (double)gate[c] * v[c * TAPS + t];
            s->B[t] += factor * b[c];
            for (int i = 0; i < ic * TAPS; i++)
                s->A[t * ic * TAPS + i] += factor * w[c * ic * TAPS + i];
        }
    conv_pair_merge(s->A, s->B, ic, n->input[VB]->value.data[0],
                    s->taps + (size_t)(image * CONV_PAIR_ZONES * ic * CONV_PAIR_TAPS),
                    s->constants + image * CONV_PAIR_ZONES);
}

static void compute_gates(const node *n, int image) {
    int ic = input_of(n)->c, channels = n->input[W]->value.n;
    const float *w = n->input[W]->value.data, *means = saved_means(n, image);
    gate_saved g = saved_gate(n, image);
    for (int c = 0; c < channels; c++) {
        double sum = n->input[B]->value.data[c];
        for (int i = 0; i < ic * TAPS; i++)
            sum += (double)w[c * ic * TAPS + i] * means[i];
        g.squeezed[c] = (float)sum;
    }
    gate_forward(n, GATE, g);
}

static void forward(node *n, const op_run *run) {
    const gated_options *o = n->options;
    scratch_parts s = parts_of(n, run);
    if (has_norm(n))
        norm_prepare(n, NORM_WEIGHT, &o->norm, s.sums, run);
    planes_job job = {n, convolved_input(run->engine, n, &s)};
    parallel_for(run->engine, plane_count(n->input[X]), tap_means, &job);
    for (int image = 0; image < n->value.n; image++) {
        compute_gates(n, image);
        merge_kernels(n, image, &s);
    }
    conv_pair_forward(run->engine, &job.convolved, s.taps, s.constants, &n->value, s.conv);
}

/* Where the gradients of some inputs go; NULL: not wanted. */
typedef struct weight_grads {
    float *w, *b, *v, *vb;
} weight_grads;

static void add_number(float *to, int i, double amount) {
    if (to)
        to[i] += (float)amount;
}

/* All gradients of one image but those of the pixels; of the means, only dmean. */
static void backward_image(node *n, int image, const scratch_parts *s, const weight_grads *grads) {
    int ic = input_of(n)->c, channels = n->input[W]->value.n, inner = ic * TAPS;
    const float *w = n->input[W]->value.data, *b = n->input[B]->value.data, *v = n->input[V]->value.data;
    const float *means = saved_means(n, image);
    gate_saved g = saved_gate(n, image);
    double *dA = s->A, *dB = s->B; /* the forward ones are not needed any more */
    conv_pair_split(s->dtaps + (size_t)(image * CONV_PAIR_ZONES * ic * CONV_PAIR_TAPS),
                    s->dconstants + image * CONV_PAIR_ZONES, ic, dA, dB);
    for (int c = 0; c < channels; c++) {
        s->dgate[c] = 0;
        for (int t = 0; t < TAPS; t++) {
            double Q = b[c] * dB[t];
            for (int i = 0; i < inner; i++)
                Q += w[c * inner + i] * dA[t * inner + i];
            s->dgate[c] += v[c * TAPS + t] * Q;
            add_number(grads->v, c * TAPS + t, g.gate[c] * Q);
        }
    }
    gate_backward(n, GATE, g, s->dgate, s->dmean);
    for (int c = 0; c < channels; c++) {
        double db = 0;
        for (int t = 0; t < TAPS; t++)
            db += v[c * TAPS + t] * dB[t];
        add_number(grads->b, c, g.gate[c] * db + s->dmean[c]);
        for (int i = 0; i < inner && grads->w; i++) {
            double dw = 0;
            for (int t = 0; t < TAPS; t++)
                dw += v[c * TAPS + t] * dA[t * inner + i];
            add_number(grads->w, c * inner + i, g.gate[c] * dw + s->dmean[c] * means[i]);
        }
    }
}

/* Adds what the means of F contribute to dx on the border, where fewer taps meet a pixel than away from it, and leaves
 * the latter's part in `added`. */
static void spread_means(const node *n, int image, const scratch_parts *s, const tensor *dx) {
    int ic = dx->c, channels = n->input[W]->value.n, h = dx->h, width = dx->w;
    const float *w = n->input[W]->value.data;
    for (int i = 0; i < ic; i++) {
        double of_tap[TAPS], all = 0;
        for (int tap = 0; tap < TAPS; tap++) {
            of_tap[tap] = 0;
            for (int c = 0; c < channels; c++)
                of_tap[tap] += s->dmean[c] * w[(c * ic + i) * TAPS + tap] / ((double)h * width);
            all += of_tap[tap];
        }
        s->added[image * ic + i] = (float)all;
        float *plane = tensor_plane(dx, image, i);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < width; x += y == 0 || y == h - 1 || x == width - 1 ? 1 : width - 1) {
                double missed = 0;
                for (int tap = 0; tap < TAPS; tap++) {
                    int from_y = y - (tap / 3 - 1), from_x = x - (tap % 3 - 1);
                    if (from_y < 0 || from_y >= h || from_x < 0 || from_x >= width)
                        missed += of_tap[tap];
                }
                plane[y * dx->row + x] -= (float)missed;
            }
    }
}

typedef struct finish_job {
    const norm_backward *norm; /* NULL: none */
    const tensor *dx;
    const float *added;
} finish_job;

static void finish_image(const worker *w, void *context, int image) {
    const finish_job *job = context;
    const tensor *dx = job->dx;
    if (job->norm) {
        norm_mask(w, (void *)job->norm, image, 0, dx->h);
        return;
    }
    for (int i = 0; i < dx->c; i++)
        w->kernels->plane_affine(plane_of(dx), tensor_plane(dx, image, i), 1, job->added[image * dx->c + i], false,
                                 tensor_plane(dx, image, i));
}

static void backward(node *n, const op_run *run) {
    const gated_options *o = n->options;
    const tensor *x = input_of(n);
    scratch_parts s = parts_of(n, run);
    weight_grads grads = {parameter_grad(n, W), parameter_grad(n, B), parameter_grad(n, V), parameter_grad(n, VB)};
    tensor convolved = convolved_input(run->engine, n, &s);
    bool accumulate;
    const tensor *dx = node_grad(n, X, &accumulate);
    bool needed = dx || (has_norm(n) && norm_is_trained(n, NORM_WEIGHT));
    tensor place = has_norm(n) ? norm_place(x, dx, accumulate, s.room) : dx ? *dx : *x;
    for (int image = 0; image < x->n; image++)
        merge_kernels(n, image, &s);
    conv_pair_gradient(run->engine, &convolved, s.taps, &n->grad, s.dtaps, s.dconstants, needed ? &place : NULL,
                       accumulate && !has_norm(n), s.conv);
    double dvb = 0; /* large numbers may cancel here: summed up before they are rounded */
    for (int i = 0; i < x->n * CONV_PAIR_ZONES; i++)
        dvb += s.dconstants[i];
    add_number(grads.vb, 0, dvb);
    for (int image = 0; image < x->n; image++) {
        backward_image(n, image, &s, &grads);
        if (needed)
            spread_means(n, image, &s, &place);
    }
    if (!needed)
        return;
    norm_backward b = {.x = x, .dx = &place, .saved = saved_norm(n), .constant = s.added, .sums = s.sums};
    norm_backward_begin(&b);
    parallel_for(run->engine, x->n, finish_image, &(finish_job){has_norm(n) ? &b : NULL, &place, s.added});
    if (has_norm(n))
        norm_backward_finish(n, NORM_WEIGHT, &b, o->norm.statistics, accumulate ? dx : NULL, run);
}

/* Of the two convolutions that it stands for. */
static double flops(const node *n) {
    return conv2d_flops(n, n->input[W]) + conv2d_flops(n, n->input[V]) + gate_flops(n, GATE);
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, ic, c, h, w;
        sample_norm norm;
    } cases[] = {{2, 4, 6, 9, 21, SAMPLE_PLAIN},
                 {1, 3, 5, 3, 3, SAMPLE_PLAIN},
                 {2, 4, 9, 18, 40, SAMPLE_BATCH},
                 {1, 5, 8, 4, 33, SAMPLE_RUNNING}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int ic = cases[index].ic, c = cases[index].c;
    node *x = tape_variable(t, cases[index].n, ic, cases[index].h, cases[index].w, false);
    gate_inputs gate = gate_sample(t, c, 4);
    node *w = tape_variable(t, c, ic, 3, 3, true), *b = tape_variable(t, 1, c, 1, 1, true);
    node *v = tape_variable(t, 1, c, 3, 3, true), *vb = tape_variable(t, 1, 1, 1, 1, true);
    norm_inputs norm = norm_sample(t, ic, cases[index].norm);
    node *inputs[] = {x, gate.w1, gate.b1, gate.w2, gate.b2, w, b, v, vb, norm.weight, norm.bias};
    gated_options options = {norm.options};
    return tape_record(t, &op_gated_conv_pair, &options, sizeof options, norm.weight ? 11 : 9, inputs);
}

const op op_gated_conv_pair = {.name = "gated_conv_pair",
                               .infer_shape = infer_shape,
                               .forward = forward,
                               .backward = backward,
                               .backward_reads = READS_INPUT_0,
                               .scratch = scratch,
                               .flops = flops,
                               .sample = sample};
