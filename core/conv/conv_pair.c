#include "core/conv/conv_pair.h"

#include "core/base/parallel.h"
#include "core/tensor/kernels.h"

#include <string.h>

enum {
    TAPS = 9, /* of each of the two kernels */
    SIDE = 5, /* of both as one */
    RADIUS = 2,
    MIDDLE = 4, /* zone */
    BAND = 16
};

/* Row or column zone: 0 first, 2 last, 1 between. */
static int place(int i, int count) {
    return i == 0 ? 0 : i == count - 1 ? 2 : 1;
}

/* Whether the tap t (0 .. 8) stays inside the image at pixels of a zone. */
static bool tap_inside(int zone, int t) {
    int row = zone / 3 + t / 3, column = zone % 3 + t % 3; /* 0 or 4: first with -1, last with +1 */
    return row != 0 && row != 4 && column != 0 && column != 4;
}

static int offset_of(int t, int s) {
    return (t / 3 + s / 3) * SIDE + t % 3 + s % 3;
}

void conv_pair_merge(const double *A, const double *B, int ic, double bias, float *taps, float *constants) {
    for (int zone = 0; zone < CONV_PAIR_ZONES; zone++) {
        double constant = bias;
        for (int t = 0; t < TAPS; t++)
            constant += tap_inside(zone, t) ? B[t] : 0;
        constants[zone] = (float)constant;
        for (int i = 0; i < ic; i++, taps += CONV_PAIR_TAPS) {
            double sum[CONV_PAIR_TAPS] = {0};
            for (int t = 0; t < TAPS; t++)
                for (int s = 0; s < TAPS && tap_inside(zone, t); s++)
                    sum[offset_of(t, s)] += A[(t * ic + i) * TAPS + s];
            for (int u = 0; u < CONV_PAIR_TAPS; u++)
                taps[u] = (float)sum[u];
        }
    }
}

void conv_pair_split(const double *dtaps, const double *dconstants, int ic, double *dA, double *dB) {
    memset(dA, 0, TAPS * TAPS * (size_t)ic * sizeof *dA);
    memset(dB, 0, TAPS * sizeof *dB);
    for (int zone = 0; zone < CONV_PAIR_ZONES; zone++)
        for (int t = 0; t < TAPS; t++) {
            if (!tap_inside(zone, t))
                continue;
            dB[t] += dconstants[zone];
            for (int i = 0; i < ic; i++)
                for (int s = 0; s < TAPS; s++)
                    dA[(t * ic + i) * TAPS + s] += dtaps[(zone * ic + i) * CONV_PAIR_TAPS + offset_of(t, s)];
        }
}

bool conv_pair_fits(const tensor *x) {
    return x->h >= 3 && x->w >= 3;
}

/* The gradient with zeros on the border, and two rows of zeros above and below it, which the 5x5 kernel reads. */
static tensor inner_tensor(const tensor *x) {
    return tensor_planar(x->n, 1, x->h + 2, x->w);
}

static int bands(const tensor *x) {
    return (x->h + BAND - 1) / BAND;
}

static size_t round_up(size_t count) {
    return (count + TENSOR_HALO - 1) / TENSOR_HALO * TENSOR_HALO;
}

static size_t packed_count(int ic) {
    return round_up(conv_packed_count(ic, ic, SIDE, SIDE));
}

/* Partial gradients of the middle's taps, of one band. */
static size_t partial_count(int ic) {
    return round_up((size_t)ic * CONV_PAIR_TAPS + 1);
}

size_t conv_pair_scratch(const tensor *x) {
    tensor inner = inner_tensor(x);
    size_t images = (size_t)x->n;
    return images * packed_count(x->c) + images * (size_t)bands(x) * partial_count(x->c) +
           round_up(tensor_footprint(&inner) + TENSOR_HALO);
}

typedef struct pair_job {
    const tensor *x, *y; /* y: the output, or its gradient */
    const float *taps, *constants;
    double *dtaps, *dconstants;
    const tensor *dx;
    bool accumulate;
    tensor inner;
    float *packed, *partials;
} pair_job;

static const float *zone_taps(const pair_job *job, int image, int zone) {
    return job->taps + ((size_t)image * CONV_PAIR_ZONES + (size_t)zone) * (size_t)job->x->c * CONV_PAIR_TAPS;
}

static const float *middle_taps(const pair_job *job, int image) {
    return zone_taps(job, image, MIDDLE);
}

/* Calls `run` for the border pixels of rows y0 .. y1 - 1, in pieces of one zone: `count` pixels from (y, x) on. */
typedef void border_run(const pair_job *job, int image, int zone, int y, int x, int count);
static void each_border_piece(const pair_job *job, int image, int y0, int y1, border_run *run) {
    int h = job->x->h, w = job->x->w;
    for (int y = y0; y < y1; y++) {
        int row = place(y, h);
        run(job, image, row * 3, y, 0, 1);
        if (row != 1)
            run(job, image, row * 3 + 1, y, 1, w - 2);
        run(job, image, row * 3 + 2, y, w - 1, 1);
    }
}

/* Pixels of a piece that the offset u of its kernel moves into the image: first and last + 1, none if last <= first. */
typedef struct piece_range {
    int dy, dx, first, last;
} piece_range;

static piece_range range_of(const tensor *x, int u, int y, int left, int count) {
    piece_range r = {u / SIDE - RADIUS, u % SIDE - RADIUS, 0, count};
    if (left + r.dx < 0)
        r.first = -(left + r.dx);
    if (left + count - 1 + r.dx >= x->w)
        r.last = x->w - left - r.dx;
    if (y + r.dy < 0 || y + r.dy >= x->h)
        r.last = r.first;
    return r;
}

static void border_forward(const pair_job *job, int image, int zone, int y, int left, int count) {
    const tensor *x = job->x;
    float *out = tensor_plane(job->y, image, 0) + y * job->y->row + left;
    const float *taps = zone_taps(job, image, zone);
    for (int k = 0; k < count; k++)
        out[k] = job->constants[image * CONV_PAIR_ZONES + zone];
    for (int i = 0; i < x->c; i++)
        for (int u = 0; u < CONV_PAIR_TAPS; u++) {
            piece_range r = range_of(x, u, y, left, count);
            const float *in = tensor_plane(x, image, i) + (y + r.dy) * x->row + left + r.dx;
            float tap = taps[i * CONV_PAIR_TAPS + u];
            for (int k = r.first; k < r.last; k++)
                out[k] += tap * in[k];
        }
}

static void forward_band(const worker *w, void *context, int item) {
    const pair_job *job = context;
    const tensor *x = job->x, *y = job->y;
    int image = item / bands(x), y0 = item % bands(x) * BAND, y1 = y0 + BAND < x->h ? y0 + BAND : x->h;
    conv_rows k = {.input = tensor_plane(x, image, 0) - RADIUS * x->row - RADIUS,
                   .input_row = x->row,
                   .input_plane = x->plane,
                   .output = tensor_plane(y, image, 0),
                   .output_row = y->row,
                   .output_plane = y->plane,
                   .ic = x->c,
                   .oc = 1,
                   .width = x->w,
                   .kh = SIDE,
                   .kw = SIDE,
                   .dilation = 1,
                   .weight = job->packed + (size_t)image * packed_count(x->c),
                   .bias = job->constants + image * CONV_PAIR_ZONES + MIDDLE};
    /* The first and the last row would read beyond the halo, and are the border's anyway. */
    w->kernels->conv_rows(&k, y0 ? y0 : 1, y1 < x->h ? y1 : x->h - 1);
    each_border_piece(job, image, y0, y1, border_forward);
}

void conv_pair_forward(engine *e, const tensor *x, const float *taps, const float *constants, const tensor *y,
                       float *scratch) {
    pair_job job = {.x = x, .y = y, .taps = taps, .constants = constants, .packed = scratch};
    for (int n = 0; n < x->n; n++)
        conv_pack_weights(middle_taps(&job, n), 1, x->c, SIDE, SIDE, false, scratch + (size_t)n * packed_count(x->c));
    parallel_for(e, x->n * bands(x), forward_band, &job);
}

static void copy_inner(const worker *w, void *context, int image) {
    (void)w;
    const pair_job *job = context;
    const tensor *dy = job->y;
    for (int y = 1; y < dy->h - 1; y++) {
        const float *from = tensor_plane(dy, image, 0) + y * dy->row;
        float *to = tensor_plane(&job->inner, image, 0) + y * job->inner.row;
        memcpy(to + 1, from + 1, (size_t)(dy->w - 2) * sizeof *to);
    }
}

static void gradient_band(const worker *w, void *context, int item) {
    const pair_job *job = context;
    const tensor *x = job->x, *dx = job->dx, *inner = &job->inner;
    int image = item / bands(x), y0 = item % bands(x) * BAND, y1 = y0 + BAND < x->h ? y0 + BAND : x->h;
    conv_weight_rows weight = {.input = tensor_plane(x, image, 0) - RADIUS * x->row - RADIUS,
                               .input_row = x->row,
                               .input_plane = x->plane,
                               .output_grad = tensor_plane(inner, image, 0),
                               .output_row = inner->row,
                               .output_plane = inner->plane,
                               .ic = x->c,
                               .oc = 1,
                               .width = x->w,
                               .kh = SIDE,
                               .kw = SIDE,
                               .dilation = 1,
                               .partial = job->partials + (size_t)item * partial_count(x->c)};
    w->kernels->conv_weight_rows(&weight, y0 ? y0 : 1, y1 < x->h ? y1 : x->h - 1);
    if (!dx)
        return;
    conv_rows k = {.input = tensor_plane(inner, image, 0) - RADIUS * inner->row - RADIUS,
                   .input_row = inner->row,
                   .input_plane = inner->plane,
                   .output = tensor_plane(dx, image, 0),
                   .output_row = dx->row,
                   .output_plane = dx->plane,
                   .ic = 1,
                   .oc = x->c,
                   .width = x->w,
                   .kh = SIDE,
                   .kw = SIDE,
                   .dilation = 1,
                   .weight = job->packed + (size_t)image * packed_count(x->c),
                   .accumulate = job->accumulate};
    w->kernels->conv_rows(&k, y0, y1);
}

static void border_gradient(const pair_job *job, int image, int zone, int y, int left, int count) {
    const tensor *x = job->x, *dx = job->dx;
    const float *dy = tensor_plane(job->y, image, 0) + y * job->y->row + left, *taps = zone_taps(job, image, zone);
    size_t at = (size_t)image * CONV_PAIR_ZONES + (size_t)zone;
    double *dtaps = job->dtaps + at * (size_t)x->c * CONV_PAIR_TAPS;
    for (int k = 0; k < count; k++)
        job->dconstants[at] += dy[k];
    for (int i = 0; i < x->c; i++)
        for (int u = 0; u < CONV_PAIR_TAPS; u++) {
            piece_range r = range_of(x, u, y, left, count);
            ptrdiff_t from = (y + r.dy) * x->row + left + r.dx;
            const float *in = tensor_plane(x, image, i) + from;
            float sum = 0, tap = taps[i * CONV_PAIR_TAPS + u];
            for (int k = r.first; k < r.last; k++)
                sum += dy[k] * in[k];
            dtaps[i * CONV_PAIR_TAPS + u] += sum;
            float *out = dx ? tensor_plane(dx, image, i) + (y + r.dy) * dx->row + left + r.dx : NULL;
            for (int k = r.first; dx && k < r.last; k++)
                out[k] += dy[k] * tap;
        }
}

/* What the bands left, then the border. */
static void gradient_image(const worker *w, void *context, int image) {
    const pair_job *job = context;
    const tensor *x = job->x, *inner = &job->inner;
    size_t per_zone = (size_t)x->c * CONV_PAIR_TAPS, at = (size_t)image * CONV_PAIR_ZONES;
    memset(job->dtaps + at * per_zone, 0, CONV_PAIR_ZONES * per_zone * sizeof *job->dtaps);
    memset(job->dconstants + at, 0, CONV_PAIR_ZONES * sizeof *job->dconstants);
    double *middle = job->dtaps + (at + MIDDLE) * per_zone;
    for (int band = 0; band < bands(x); band++) {
        const float *partial = job->partials + ((size_t)image * bands(x) + (size_t)band) * partial_count(x->c);
        for (size_t i = 0; i < per_zone; i++)
            middle[i] += partial[i];
    }
    job->dconstants[at + MIDDLE] =
        w->kernels->plane_sum((plane_shape){x->h, x->w, inner->row}, tensor_plane(inner, image, 0));
    each_border_piece(job, image, 0, x->h, border_gradient);
}

void conv_pair_gradient(engine *e, const tensor *x, const float *taps, const tensor *dy, double *dtaps,
                        double *dconstants, const tensor *dx, bool accumulate, float *scratch) {
    pair_job job = {.x = x,
                    .y = dy,
                    .taps = taps,
                    .dtaps = dtaps,
                    .dconstants = dconstants,
                    .dx = dx,
                    .accumulate = accumulate,
                    .inner = inner_tensor(x),
                    .packed = scratch};
    job.partials = scratch + (size_t)x->n * packed_count(x->c);
    float *inner = job.partials + (size_t)x->n * (size_t)bands(x) * partial_count(x->c);
    memset(inner, 0, (tensor_footprint(&job.inner) + TENSOR_HALO) * sizeof *inner);
    job.inner.data = inner + tensor_origin(&job.inner) + job.inner.row; /* pixel (0, 0) is its second row's */
    for (int n = 0; n < x->n; n++)
        conv_pack_weights(middle_taps(&job, n), 1, x->c, SIDE, SIDE, true, scratch + (size_t)n * packed_count(x->c));
    parallel_for(e, x->n, copy_inner, &job);
    parallel_for(e, x->n * bands(x), gradient_band, &job);
    parallel_for(e, x->n, gradient_image, &job);
}
