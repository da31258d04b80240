/* Muon (Jordan et al., 2024): momentum whose directions all get the same length. For the weights of a convolution,
 * taken as a matrix M of OC x (IC KH KW); everything else takes AdamW's step. m = momentum m + g,  u = g + momentum m
 * (Nesterov), value -= rate 0.2 sqrt(max(OC, IC KH KW)) U V^T,  with u = U S V^T 0.2 sqrt(larger side) gives the step
 * of an element the usual size of Adam's, so that one rate serves both (Liu et al., 2025). U V^T comes, roughly, from
 * five steps of a Newton-Schulz iteration whose odd polynomial takes all singular values of u / ||u|| to the
 * neighbourhood of 1. */
#include "train/rules/adam.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { NEWTON_SCHULZ_STEPS = 5 };
/* x -> a x + b x^3 + c x^5 */
#define NS_A 3.4445f
#define NS_B (-4.7750f)
#define NS_C 2.0315f
#define RMS_OF_ADAM 0.2
#define LEAST_NORM 1e-7

/* Room in a part's work: the direction u, the same as a matrix X of m x l, m <= l, and four matrices of m x m. */
typedef struct iteration {
    int m, l;
    float *u, *X, *A, *p, *P, *spare;
} iteration;

static bool is_matrix(const parameter *p) {
    return p->rank == 4;
}

static iteration iteration_of(const optimizer_part *part, int m, int l) {
    size_t wide = part->count, square = (size_t)m * (size_t)m;
    float *X = part->work + wide, *A = X + wide, *p = A + square, *P = p + square;
    return (iteration){.m = m, .l = l, .u = part->work, .X = X, .A = A, .p = p, .P = P, .spare = P + square};
}

static size_t work(const parameter *p) {
    size_t rows = p->rank > 0 ? (size_t)p->shape[0] : 1, columns = p->count / rows;
    size_t m = rows < columns ? rows : columns;
    return is_matrix(p) ? 2 * p->count + 4 * m * m : 0;
}

/* out = left right, all m x m */
static void product(int m, const float *left, const float *right, float *out) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, m, m, 1, left, m, right, m, 0, out, m);
}

/* p = a I + b A + c A^2 */
static void take_polynomial(const iteration *i) {
    size_t m = (size_t)i->m;
    product(i->m, i->A, i->A, i->p);
    for (size_t k = 0; k < m * m; k++)
        i->p[k] = NS_B * i->A[k] + NS_C * i->p[k];
    for (size_t k = 0; k < m; k++)
        i->p[k * m + k] += NS_A;
}

/* u = X_5, where X_0 = X and X_{k+1} = p_k X_k with p_k = a I + b A_k + c A_k^2, A_k = X_k X_k^T. The p_k are
 * polynomials of A_0 and commute: X_5 = P X with P = p_4 ... p_0, and A_{k+1} = p_k A_k p_k. So the wide X is met twice
 * only, whatever the number of steps; of 9 m columns that is less than half of the work of five products with X. */
static void newton_schulz(iteration *i) {
    int m = i->m, l = i->l;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, m, l, 1, i->X, l, i->X, l, 0, i->A, m);
    take_polynomial(i);
    memcpy(i->P, i->p, (size_t)m * (size_t)m * sizeof *i->P);
    for (int step = 1; step < NEWTON_SCHULZ_STEPS; step++) {
        product(m, i->p, i->A, i->spare);
        product(m, i->spare, i->p, i->A);
        take_polynomial(i);
        product(m, i->p, i->P, i->spare);
        float *old = i->P;
        i->P = i->spare;
        i->spare = old;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, l, m, 1, i->P, m, i->X, l, 0, i->u, l);
}

static double norm_of(const float *u, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)u[i] * u[i];
    return sqrt(sum);
}

/* value -= size U V^T of the direction u (rows x columns). What has all but vanished, as the momentum of a gradient
 * that has become zero, moves nothing. */
static void move(const optimizer_part *part, int rows, int columns, float size) {
    bool tall = rows > columns;
    iteration it = iteration_of(part, tall ? columns : rows, tall ? rows : columns);
    float scale = (float)(1 / (norm_of(it.u, part->count) + LEAST_NORM));
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            it.X[tall ? c * rows + r : r * columns + c] = scale * it.u[r * columns + c];
    newton_schulz(&it);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            part->value[r * columns + c] -= size * it.u[tall ? c * rows + r : r * columns + c];
}

static void update(const optimizer *o, double rate, const optimizer_part *part) {
    const parameter *p = part->p;
    if (!is_matrix(p)) {
        adamw_update(o, rate, part);
        return;
    }
    float momentum = (float)o->options.momentum, scale = o->grad_scale, *m = part->memory[0];
    int rows = p->shape[0], columns = (int)(p->count / (size_t)rows);
    for (size_t i = 0; i < part->count; i++) {
        float g = scale * part->grad[i];
        m[i] = momentum * m[i] + g;
        part->work[i] = g + momentum * m[i];
    }
    decay_values(rate, part);
    move(part, rows, columns, (float)(rate * RMS_OF_ADAM * sqrt(fmax(rows, columns))));
}

const optimizer_rule optimizer_muon = {
    .name = "muon", .memory_count = 2, .memory_names = {"m", "v"}, .whole = true, .work = work, .update = update};
