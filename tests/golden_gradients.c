#include "tests/golden_gradients.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FROZEN_LIMIT 1e-3 /* relative, per tensor */
/* With batch statistics, gradients that nearly vanish are ill-conditioned, and a ReLU input near 0 that changes side in
 * float32 moves some of them by percents: the reference's own float32 run is off by up to 44 %. A tensor may be off by
 * BATCH_FACTOR times that run's error or by BATCH_LIMIT; a few in a hundred, which such a change meets and did not meet
 * there, by FLIP_FACTOR times as much. */
#define BATCH_FACTOR 3
#define BATCH_LIMIT 5e-3 /* relative */
#define FLIP_FACTOR 5
#define FLIP_SHARE 0.02 /* of all tensors */
/* Of a tensor's largest magnitude; or BATCH_FACTOR times what the reference's own float32 run is off by. */
#define STATISTIC_LIMIT 1e-4
/* A bias in front of a batch norm has no gradient but rounding noise: this small in float64; in float32 that small, or
 * within BATCH_FACTOR of what the reference's own float32 run shows. */
#define NOISE_F64 1e-12
#define NOISE_F32 1e-5

typedef struct golden_gradients {
    char **names;
    int count;
    double *l2, *sum, *first8, *l2_f32;
    double *relative_f32; /* error of the reference's own float32 run */
} golden_gradients;

static void free_gradients(golden_gradients *g) {
    for (int i = 0; i < g->count; i++)
        free(g->names[i]);
    free(g->names);
    free(g->l2);
    free(g->sum);
    free(g->first8);
    free(g->l2_f32);
    free(g->relative_f32);
}

static status read_column(const h5_file *f, const char *group, const char *name, size_t expected, double **out) {
    char path[128];
    void *data;
    size_t count;
    snprintf(path, sizeof path, "%s/%s", group, name);
    TRY(golden_read(f, path, H5_FLOAT64, &data, &count));
    *out = data;
    if (count != expected)
        return status_fail(STATUS_INPUT, "%s: %s has %zu elements, expected %zu", h5_path(f), path, count, expected);
    return STATUS_OK;
}

static status read_gradients(const h5_file *f, const char *group, golden_gradients *g) {
    char path[128];
    snprintf(path, sizeof path, "%s/param_names", group);
    TRY(h5_read_strings(f, path, &g->names, &g->count));
    size_t count = (size_t)g->count;
    TRY(read_column(f, group, "f64/grad_l2", count, &g->l2));
    TRY(read_column(f, group, "f64/grad_sum", count, &g->sum));
    TRY(read_column(f, group, "f64/grad_first8", 8 * count, &g->first8));
    TRY(read_column(f, group, "f32/grad_l2", count, &g->l2_f32));
    return read_column(f, group, "grad_relerr_f32", count, &g->relative_f32);
}

/* Norm, sum and first elements of one gradient. The sum cancels, so its error is measured against the norm times the
 * square root of the number of elements, the size of a sum without cancellation. */
static double gradient_error(const golden_gradients *g, int index, const parameter *p) {
    double l2 = g->l2[index], sum = g->sum[index], *first8 = g->first8 + 8 * index;
    double squares = 0, total = 0, worst = 0;
    for (size_t i = 0; i < p->count; i++) {
        squares += (double)p->grad[i] * p->grad[i];
        total += p->grad[i];
        if (i < 8)
            worst = deviation_worse(worst, fabs(p->grad[i] - first8[i]));
    }
    if (l2 <= NOISE_F64)
        return sqrt(squares) <= fmax(NOISE_F32, BATCH_FACTOR * g->l2_f32[index]) ? 0 : INFINITY;
    double error = fabs(sqrt(squares) - l2) / l2;
    error = deviation_worse(error, fabs(total - sum) / (l2 * sqrt((double)p->count)));
    return deviation_worse(error, worst / l2);
}

/* The tensor farthest off, as a share of what it may be off by. One that cannot be compared (NaN) is the worst. */
typedef struct worst_tensor {
    const char *name;
    double share, error, limit;
} worst_tensor;

static const worst_tensor none_yet = {.name = "", .share = -1, .limit = NAN};

static void note_tensor(worst_tensor *worst, const char *name, double error, double limit) {
    if (!isnan(worst->share) && !(error / limit <= worst->share))
        *worst = (worst_tensor){name, error / limit, error, limit};
}

/* The worst tensor, as a share of what it may be off by; and with batch statistics how many are beyond. */
static void compare_gradients(const golden_gradients *g, const parameter_set *set, const char *group,
                              norm_statistics statistics, int *wrong) {
    bool batch = statistics == NORM_BATCH;
    worst_tensor worst = none_yet;
    int beyond = 0;
    for (int i = 0; i < g->count; i++) {
        const parameter *p = parameter_find(set, g->names[i]);
        double error = p && p->grad ? gradient_error(g, i, p) : NAN;
        double limit = batch ? fmax(BATCH_LIMIT, BATCH_FACTOR * g->relative_f32[i]) : FROZEN_LIMIT;
        beyond += !(error <= limit);
        note_tensor(&worst, g->names[i], error, limit);
    }
    char what[300];
    snprintf(what, sizeof what, "%s: %d gradients, the worst of %s", group, g->count, worst.name);
    golden_limit(what, worst.error, (batch ? FLIP_FACTOR : 1) * worst.limit, wrong);
    if (batch) {
        snprintf(what, sizeof what, "%s: share of gradients off by more than a %dth of that", group, FLIP_FACTOR);
        golden_limit(what, (double)beyond / g->count, FLIP_SHARE, wrong);
    }
}

status golden_compare_gradients(const h5_file *f, const char *group, const parameter_set *set,
                                norm_statistics statistics, int *wrong) {
    golden_gradients golden = {0};
    status result = read_gradients(f, group, &golden);
    if (result == STATUS_OK)
        compare_gradients(&golden, set, group, statistics, wrong);
    free_gradients(&golden);
    return result;
}

typedef struct golden_statistics {
    char **names;
    int count;
    void *values, *values_f32, *offsets; /* float, float, int32_t; values_f32 is NULL where the file has none */
    size_t value_count, value_count_f32, offset_count;
} golden_statistics;

static void free_statistics(golden_statistics *g) {
    for (int i = 0; i < g->count; i++)
        free(g->names[i]);
    free(g->names);
    free(g->values);
    free(g->values_f32);
    free(g->offsets);
}

static status read_statistics(const h5_file *f, const char *group, golden_statistics *g) {
    char path[128];
    snprintf(path, sizeof path, "%s/buffer_names", group);
    TRY(h5_read_strings(f, path, &g->names, &g->count));
    snprintf(path, sizeof path, "%s/f64/buffer_values", group);
    TRY(golden_read(f, path, H5_FLOAT32, &g->values, &g->value_count));
    snprintf(path, sizeof path, "%s/f32/buffer_values", group);
    if (h5_exists(f, path))
        TRY(golden_read(f, path, H5_FLOAT32, &g->values_f32, &g->value_count_f32));
    snprintf(path, sizeof path, "%s/buffer_offset", group);
    TRY(golden_read(f, path, H5_INT32, &g->offsets, &g->offset_count));
    const int32_t *offsets = g->offsets;
    bool fits = g->offset_count == (size_t)g->count + 1 && offsets[0] == 0 &&
                (!g->values_f32 || g->value_count_f32 == g->value_count);
    for (int i = 0; fits && i < g->count; i++)
        fits = offsets[i] <= offsets[i + 1] && (size_t)offsets[i + 1] <= g->value_count;
    return fits ? STATUS_OK
                : status_fail(STATUS_INPUT, "%s: %s does not cut the values of %s into its names' pieces", h5_path(f),
                              path, group);
}

/* Deviation of a tensor from the reference in float64, of its largest magnitude; NaN: there is none of that size. */
static double statistic_error(const float *values, const float *golden, size_t count) {
    double largest = 1, off = values ? golden_difference(values, golden, count, &largest) : NAN;
    return off / largest;
}

/* The worst tensor, as a share of what it may be off by. */
static void compare_statistics(const golden_statistics *g, const parameter_set *set, const char *group, int *wrong) {
    worst_tensor worst = none_yet;
    for (int i = 0; i < g->count; i++) {
        const int32_t *offset = (const int32_t *)g->offsets + i;
        const float *golden = (const float *)g->values + offset[0];
        const float *f32 = g->values_f32 ? (const float *)g->values_f32 + offset[0] : golden;
        const parameter *p = parameter_find(set, g->names[i]);
        size_t count = (size_t)(offset[1] - offset[0]);
        double error = statistic_error(p && p->count == count ? p->value : NULL, golden, count);
        double limit = fmax(STATISTIC_LIMIT, BATCH_FACTOR * statistic_error(f32, golden, count));
        note_tensor(&worst, g->names[i], error, limit);
    }
    char what[300];
    snprintf(what, sizeof what, "%s: %d running statistics, the worst of %s", group, g->count, worst.name);
    golden_limit(what, worst.error, worst.limit, wrong);
}

status golden_compare_statistics(const h5_file *f, const char *group, const parameter_set *set, int *wrong) {
    golden_statistics golden = {0};
    status result = read_statistics(f, group, &golden);
    if (result == STATUS_OK)
        compare_statistics(&golden, set, group, wrong);
    free_statistics(&golden);
    return result;
}
