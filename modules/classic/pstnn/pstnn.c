/* PSTNN splits the tensor X of an image's patches into background L and target S (Zhang & Peng, 2019):
 *
 *     min  ||L||_PSTNN + lambda ||w . S||_1   with  X = L + S,  S >= 0
 *
 * The norm sums, over the frequencies of a Fourier transform along the patches, all but the N largest singular values
 * of each slice. The alternating directions repeat, with Y the multiplier and mu growing:
 *
 *     L = prox(X - S - Y / mu)                    singular values but the N largest shrink by 1 / mu
 *     S = max(0, X - L - Y / mu - w lambda / mu)
 *     w = N / (S + 0.01) / W                      W: the corner prior; where it is 0, S becomes 0
 *     Y = Y + mu (L + S - X)
 *
 * The target image is the score. The preset `community` repeats the Python version in circulation: it leaves the middle
 * pair of frequencies empty where n3 mod 4 = 1, and rounds its target to 8 bits. */
#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"
#include "core/linalg/dft.h"
#include "core/linalg/linalg.h"
#include "modules/classic/model_driven.h"
#include "modules/classic/pstnn/corner_prior.h"
#include "modules/classic/pstnn/patch_tensor.h"
#include "modules/detector_type.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

static const config_key options_table[] = {
    {"model.preset", CONFIG_CHOICE, "authors", 0, 0, "authors|community", "",
     "authors: all frequencies, score as it is; community: the Python version, which drops a pair and rounds to 8 "
     "bits"},
    {"model.patch_size", CONFIG_INT, "40", 2, 256, NULL, "pixels", "side P of a patch"},
    {"model.patch_step", CONFIG_INT, "40", 1, 256, NULL, "pixels", "from one patch to the next, at most P"},
    {"model.lambda", CONFIG_REAL, "0.7", 1e-6, 1e6, NULL, "", "weight of the target; lambda = this / sqrt(P n3)"},
    {"model.tolerance", CONFIG_REAL, "1e-3", 1e-12, 1, NULL, "", "relative residual at which the solver stops"},
    {"model.iterations", CONFIG_INT, "500", 1, 100000, NULL, "", "largest number of iterations"},
};

#define RANK_RATIO 0.1 /* N counts the singular values of at least this share of the largest */
#define MU_FIRST 2e-3
#define MU_GROWTH 1.05
#define MU_LAST 1e10
#define WEIGHT_EPSILON 0.01

enum { COLUMN_BLOCK = 200 }; /* entries of a slice per parallel item of the Fourier transform */

typedef struct solver {
    patch_tensor shape;
    size_t slice;              /* P * P */
    double *X, *L, *S, *Y, *W; /* tensors, slice by slice; L holds X - S - Y / mu before prox */
    double *spectrum;          /* 2 frequencies slices: real and imaginary part of each */
    double *forward, *inverse;
    char *decomposition; /* one piece of `decomposition_bytes` per thread */
    size_t decomposition_bytes;
    status *outcome;   /* of each frequency */
    double *residual2; /* of each slice */
    int64_t *positive; /* of each slice */
    double *map;       /* an image: the prior, later the target */
    int N;
    double norm, lambda, mu;
    bool weighted; /* w is 1 in the first iteration */
} solver;

/* --- N --- */

static status count_preserved(solver *s, workspace *work) {
    int n3 = s->shape.n3, P2 = (int)s->slice, count = n3 < P2 ? n3 : P2, above = 0;
    double *values = workspace_take(work, (size_t)count, sizeof *values);
    void *scratch = workspace_take(work, linalg_singular_values_bytes(n3, P2), 1);
    TRY(workspace_check(work));
    TRY(linalg_singular_values(n3, P2, s->X, values, scratch)); /* memory read as n3 x P^2, as published */
    while (above < count && values[above] >= RANK_RATIO * values[0])
        above++;
    s->N = above; /* all of them where none falls below: the published code has no answer then */
    return STATUS_OK;
}

/* --- L --- */

static void subtract_slice(const worker *w, void *context, int k) {
    (void)w;
    solver *s = context;
    size_t first = (size_t)k * s->slice;
    double share = 1 / s->mu;
    for (size_t i = first; i < first + s->slice; i++)
        s->L[i] = s->X[i] - s->S[i] - s->Y[i] * share;
}

static int block_columns(const solver *s, int block) {
    int rest = (int)s->slice - block * COLUMN_BLOCK;
    return rest < COLUMN_BLOCK ? rest : COLUMN_BLOCK;
}

static void transform_block(const worker *w, void *context, int block) {
    (void)w;
    solver *s = context;
    size_t first = (size_t)block * COLUMN_BLOCK;
    dft_forward(s->shape.n3, s->forward, s->L + first, block_columns(s, block), s->slice, s->spectrum + first);
}

static void transform_back_block(const worker *w, void *context, int block) {
    (void)w;
    solver *s = context;
    size_t first = (size_t)block * COLUMN_BLOCK;
    dft_inverse(s->shape.n3, s->inverse, s->spectrum + first, block_columns(s, block), s->slice, s->L + first);
}

/* The factor of singular value number i. */
static double shrink(const solver *s, int i, double sigma) {
    double threshold = 1 / s->mu;
    return i < s->N ? sigma : sigma > threshold ? sigma - threshold : 0;
}

/* U diag(shrunk) V^H into `a`. Singular values fall, so those that stay come first. */
static void recompose(const solver *s, const double *sigma, double complex *u, const double complex *vt,
                      double complex *a) {
    const double complex one = 1, zero = 0;
    int P = s->shape.P, rank = 0;
    for (; rank < P && shrink(s, rank, sigma[rank]) > 0; rank++) {
        double factor = shrink(s, rank, sigma[rank]);
        for (int i = 0; i < P; i++)
            u[rank * P + i] *= factor;
    }
    cblas_zgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, P, P, rank, &one, u, P, vt, P, &zero, a, P);
}

/* Of one thread: a, u, vt, the singular values, and what LAPACK needs. Whole cache lines, for the next thread. */
static size_t decomposition_bytes(int P) {
    size_t slice = (size_t)P * (size_t)P;
    size_t bytes = 3 * slice * sizeof(double complex) + (size_t)P * sizeof(double) + linalg_svd_bytes(P);
    return (bytes + 63) / 64 * 64;
}

static void prox_frequency(const worker *w, void *context, int f) {
    solver *s = context;
    int P = s->shape.P;
    double *real = s->spectrum + (size_t)(2 * f) * s->slice, *imaginary = real + s->slice;
    double complex *a = (void *)(s->decomposition + (size_t)w->thread * s->decomposition_bytes);
    double complex *u = a + s->slice, *vt = u + s->slice;
    double *sigma = (double *)(vt + s->slice);
    for (size_t i = 0; i < s->slice; i++)
        a[i] = real[i] + imaginary[i] * I;
    s->outcome[f] = linalg_svd(P, a, sigma, u, vt, sigma + P);
    if (s->outcome[f] != STATUS_OK)
        return;
    recompose(s, sigma, u, vt, a);
    for (size_t i = 0; i < s->slice; i++) {
        real[i] = creal(a[i]);
        imaginary[i] = cimag(a[i]);
    }
}

static status update_background(engine *e, solver *s) {
    int frequencies = dft_frequencies(s->shape.n3), blocks = int_pieces((int)s->slice, COLUMN_BLOCK);
    parallel_for(e, s->shape.n3, subtract_slice, s);
    parallel_for(e, blocks, transform_block, s);
    parallel_for(e, frequencies, prox_frequency, s);
    for (int f = 0; f < frequencies; f++)
        if (s->outcome[f] != STATUS_OK) /* its message stayed in the thread that met it */
            return status_fail(s->outcome[f], "the singular values of a slice could not be computed");
    parallel_for(e, blocks, transform_back_block, s);
    return STATUS_OK;
}

/* --- S and Y --- */

static void update_slice(const worker *w, void *context, int k) {
    (void)w;
    solver *s = context;
    size_t first = (size_t)k * s->slice;
    double share = 1 / s->mu, threshold = s->lambda / s->mu, residual2 = 0;
    int64_t positive = 0;
    for (size_t i = first; i < first + s->slice; i++) {
        double weight = s->weighted ? s->N / (s->S[i] + WEIGHT_EPSILON) / s->W[i] : 1;
        double S = s->X[i] - s->L[i] - s->Y[i] * share - weight * threshold;
        S = S > 0 ? S : 0;
        double residual = s->L[i] + S - s->X[i];
        s->S[i] = S;
        s->Y[i] += s->mu * residual;
        residual2 += residual * residual;
        positive += S > 0;
    }
    s->residual2[k] = residual2;
    s->positive[k] = positive;
}

static status solve(engine *e, solver *s, double tolerance, int most, solver_report *report) {
    int64_t before = 0;
    s->mu = MU_FIRST;
    for (int iteration = 1; iteration <= most; iteration++) {
        double residual2 = 0;
        int64_t positive = 0;
        TRY(update_background(e, s));
        parallel_for(e, s->shape.n3, update_slice, s);
        for (int k = 0; k < s->shape.n3; k++) {
            residual2 += s->residual2[k];
            positive += s->positive[k];
        }
        double error = sqrt(residual2) / s->norm;
        report->iterations = iteration;
        report->rank = s->N;
        report->nonzero = positive;
        report->lambda = s->lambda;
        report->mu = s->mu;
        report->measure = error;
        solver_report_residual(report, error);
        if (error < tolerance || (positive > 0 && positive == before))
            break;
        before = positive;
        s->weighted = true;
        s->mu = fmin(s->mu * MU_GROWTH, MU_LAST);
    }
    return STATUS_OK;
}

/* --- one image --- */

static void drop_middle_frequency(const solver *s) {
    int n3 = s->shape.n3, rows = 2 * dft_frequencies(n3);
    for (int k = 0; n3 > 1 && n3 % 4 == 1 && k < n3; k++)
        s->inverse[(size_t)k * (size_t)rows + (size_t)rows - 2] = s->inverse[(size_t)(k + 1) * (size_t)rows - 1] = 0;
}

static void write_score(const solver *s, const grey_map *image, float *score) {
    patch_tensor_paste(&s->shape, s->S, s->map);
    for (size_t i = 0; i < (size_t)image->width * (size_t)image->height; i++)
        score[i] = (float)s->map[i];
}

static bool is_community(const config *options) {
    return !strcmp(config_text(options, "model.preset"), "community");
}

/* As the Python version does it for display, and for its tables: the range of the map stretched to that of the image,
 * in whole numbers. */
static void finish(const config *options, const float *image, int width, int height, float *score) {
    size_t pixels = (size_t)width * (size_t)height;
    float least = score[0], most = score[0], brightest = image[0];
    if (!is_community(options))
        return;
    for (size_t i = 0; i < pixels; i++) {
        least = fminf(least, score[i]);
        most = fmaxf(most, score[i]);
        brightest = fmaxf(brightest, image[i]);
    }
    double range = (double)most - least, levels = brightest * FULL_SCALE;
    for (size_t i = 0; i < pixels; i++)
        score[i] = range > 0 ? (float)rint(((double)score[i] - least) / range * levels) : 0;
}

/* X, W, and S = Y = 0. */
static status cut_image(solver *s, const grey_map *image, workspace *work) {
    size_t bytes = (size_t)s->shape.n3 * s->slice * sizeof(double);
    patch_tensor_cut(&s->shape, image->grey, s->X);
    TRY(corner_prior(image->grey, image->width, image->height, work, s->map));
    patch_tensor_cut(&s->shape, s->map, s->W);
    memset(s->S, 0, bytes);
    memset(s->Y, 0, bytes);
    return STATUS_OK;
}

static status take_memory(const engine *e, solver *s, workspace *work) {
    int frequencies = dft_frequencies(s->shape.n3);
    size_t n3 = (size_t)s->shape.n3, entries = n3 * s->slice, threads = (size_t)engine_threads(e);
    workspace_begin(work);
    s->X = workspace_take(work, entries, sizeof(double));
    s->L = workspace_take(work, entries, sizeof(double));
    s->S = workspace_take(work, entries, sizeof(double));
    s->Y = workspace_take(work, entries, sizeof(double));
    s->W = workspace_take(work, entries, sizeof(double));
    s->spectrum = workspace_take(work, 2 * (size_t)frequencies * s->slice, sizeof(double));
    s->forward = workspace_take(work, dft_matrix_count(s->shape.n3), sizeof(double));
    s->inverse = workspace_take(work, dft_matrix_count(s->shape.n3), sizeof(double));
    s->decomposition_bytes = decomposition_bytes(s->shape.P);
    s->decomposition = workspace_take(work, threads, s->decomposition_bytes);
    s->outcome = workspace_take(work, (size_t)frequencies, sizeof(status));
    s->residual2 = workspace_take(work, n3, sizeof(double));
    s->positive = workspace_take(work, n3, sizeof(int64_t));
    s->map = workspace_take(work, (size_t)s->shape.width * (size_t)s->shape.height, sizeof(double));
    return workspace_check(work);
}

static status score_image(engine *e, const config *options, const grey_map *image, workspace *work, float *score,
                          solver_report *report) {
    int P = (int)config_int(options, "model.patch_size"), step = (int)config_int(options, "model.patch_step");
    if (image->width < P || image->height < P)
        return status_fail(STATUS_INPUT,
                           "an image of %dx%d is smaller than the patches of PSTNN, %dx%d: set a smaller "
                           "model.patch_size",
                           image->width, image->height, P, P);
    solver s = {.shape = patch_tensor_of(image->width, image->height, P, step), .slice = (size_t)P * (size_t)P};
    s.lambda = config_real(options, "model.lambda") / sqrt((double)P * s.shape.n3);
    TRY(take_memory(e, &s, work));
    TRY(cut_image(&s, image, work));
    dft_matrices(s.shape.n3, s.forward, s.inverse);
    if (is_community(options))
        drop_middle_frequency(&s);
    s.norm = cblas_dnrm2((int)((size_t)s.shape.n3 * s.slice), s.X, 1);
    if (s.norm > 0) { /* a black image has no target */
        TRY(count_preserved(&s, work));
        TRY(solve(e, &s, config_real(options, "model.tolerance"), (int)config_int(options, "model.iterations"),
                  report));
    }
    write_score(&s, image, score);
    return STATUS_OK;
}

static status check_options(const config *options) {
    long long P = config_int(options, "model.patch_size"), step = config_int(options, "model.patch_step");
    if (step <= P)
        return STATUS_OK;
    return status_fail(STATUS_USAGE,
                       "model.patch_step is %lld, but the patches have only %lld pixels: those between "
                       "would belong to none",
                       step, P);
}

const detector_type pstnn = {
    .name = "pstnn",
    .title = "PSTNN (Zhang & Peng, 2019)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_RAW,
    .check = check_options,
    .score_image = score_image,
    .finish = finish,
};
