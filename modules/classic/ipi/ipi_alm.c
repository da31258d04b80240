/* The community's solver. From T = Y = 0 and rho = 1 / (5 std(D)), which grows by half every time:
 *
 *     B = singular values of D + Y / rho - T, less 1 / rho
 *     T = max(D + Y / rho - B - lambda / rho, 0)
 *     Y = Y + rho (D - B - T)
 *
 * until T has as many entries as before, or ||D - B - T||_F / ||D||_F is small. */
#include "modules/classic/ipi/ipi_solver.h"

#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"
#include "core/linalg/svt.h"

#include <math.h>
#include <string.h>

#define RHO_GROWTH 1.5
#define RHO_STD 5.0

enum { COLUMNS = 16 }; /* per parallel item */

typedef struct sums {
    double residual2;
    int64_t card; /* entries of T */
} sums;

typedef struct alm {
    const ipi_problem *p;
    svt decomposition;
    double *B, *T, *Y; /* B holds D + Y / rho - T at first */
    double rho;
    sums *sums;
    int items;
} alm;

static int columns_of(const alm *s, int item) {
    return int_min(s->p->n - item * COLUMNS, COLUMNS);
}

static void begin_columns(const worker *w, void *context, int item) {
    (void)w;
    alm *s = context;
    size_t m = (size_t)s->p->m, first = (size_t)item * COLUMNS * m, end = first + (size_t)columns_of(s, item) * m;
    double share = 1 / s->rho;
    for (size_t i = first; i < end; i++)
        s->B[i] = s->p->D[i] + s->Y[i] * share - s->T[i];
}

static void finish_columns(const worker *w, void *context, int item) {
    (void)w;
    alm *s = context;
    size_t m = (size_t)s->p->m, first = (size_t)item * COLUMNS * m, end = first + (size_t)columns_of(s, item) * m;
    double share = 1 / s->rho, threshold = s->p->lambda / s->rho, residual2 = 0;
    int64_t card = 0;
    svt_columns(&s->decomposition, item * COLUMNS, columns_of(s, item), s->B + first);
    for (size_t i = first; i < end; i++) {
        double T = s->p->D[i] + s->Y[i] * share - s->B[i] - threshold;
        T = T > 0 ? T : 0;
        double residual = s->p->D[i] - s->B[i] - T;
        s->T[i] = T;
        s->Y[i] += s->rho * residual;
        residual2 += residual * residual;
        card += T > 0;
    }
    s->sums[item] = (sums){residual2, card};
}

static status solve(engine *e, alm *s, double norm, solver_report *report) {
    int64_t before = 0;
    for (int k = 1; k <= s->p->iterations; k++) {
        parallel_for(e, s->items, begin_columns, s);
        svt_gram(e, &s->decomposition, s->B);
        TRY(svt_decompose(e, &s->decomposition, s->B, 1 / s->rho));
        svt_multiply(e, &s->decomposition, s->B);
        parallel_for(e, s->items, finish_columns, s);
        sums total = {0};
        for (int i = 0; i < s->items; i++) {
            total.residual2 += s->sums[i].residual2;
            total.card += s->sums[i].card;
        }
        report->iterations = k;
        report->rank = s->decomposition.rank;
        report->nonzero = total.card;
        report->mu = s->rho;
        report->measure = sqrt(total.residual2) / norm;
        solver_report_residual(report, report->measure);
        if (report->measure < s->p->tolerance || total.card == before)
            break;
        before = total.card;
        s->rho *= RHO_GROWTH;
    }
    return STATUS_OK;
}

static double sum_of(const double *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i];
    return sum;
}

/* The deviation over all entries, and the Frobenius norm. */
static double deviation_of(const double *D, size_t count, double *norm) {
    double mean = sum_of(D, count) / (double)count, squares = 0, whole = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (D[i] - mean) * (D[i] - mean);
        whole += D[i] * D[i];
    }
    *norm = sqrt(whole);
    return sqrt(squares / (double)count);
}

status ipi_alm(engine *e, const ipi_problem *p, workspace *work, const double **T, solver_report *report) {
    size_t count = (size_t)p->m * (size_t)p->n;
    alm s = {.p = p, .items = int_pieces(p->n, COLUMNS)};
    s.B = workspace_take(work, count, sizeof(double));
    s.T = workspace_take(work, count, sizeof(double));
    s.Y = workspace_take(work, count, sizeof(double));
    s.sums = workspace_take(work, (size_t)s.items, sizeof *s.sums);
    TRY(svt_new(&s.decomposition, p->m, p->n, true, work));
    memset(s.T, 0, count * sizeof *s.T);
    memset(s.Y, 0, count * sizeof *s.Y);
    *T = s.T;
    double norm, deviation = deviation_of(p->D, count, &norm);
    if (deviation == 0) /* a flat image: background alone */
        return STATUS_OK;
    s.rho = 1 / (RHO_STD * deviation);
    return solve(e, &s, norm, report);
}
