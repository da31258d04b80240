#include "core/linalg/linalg.h"

#include "core/base/whole_numbers.h"

#include <cblas.h>
#include <math.h>

/* Fortran symbols; OpenBLAS has no LAPACKE. */
void zgesdd_(const char *jobz, const int *m, const int *n, double complex *a, const int *lda, double *s,
             double complex *u, const int *ldu, double complex *vt, const int *ldvt, double complex *work,
             const int *lwork, double *rwork, int *iwork, int *info);
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda,
             const double *vl, const double *vu, const int *il, const int *iu, const double *abstol, int *m, double *w,
             double *z, const int *ldz, int *isuppz, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);

enum { BLOCK = 64 }; /* LAPACK's blocked algorithms want this many columns of work */

/* --- singular value decomposition --- */

static int svd_work_length(int n) {
    return n * n + (2 + 2 * BLOCK) * n;
}

static int svd_real_length(int n) {
    return 7 * n * n + 7 * n;
}

size_t linalg_svd_bytes(int n) {
    return (size_t)svd_work_length(n) * sizeof(double complex) + (size_t)svd_real_length(n) * sizeof(double) +
           8 * (size_t)n * sizeof(int);
}

status linalg_svd(int n, double complex *a, double *s, double complex *u, double complex *vt, void *work) {
    double complex *complex_work = work;
    double *real_work = (double *)(complex_work + svd_work_length(n));
    int *integer_work = (int *)(real_work + svd_real_length(n));
    int length = svd_work_length(n), info;
    zgesdd_("S", &n, &n, a, &n, s, u, &n, vt, &n, complex_work, &length, real_work, integer_work, &info);
    return info == 0 ? STATUS_OK : status_fail(STATUS_NUMERIC, "a singular value decomposition failed (%d)", info);
}

/* --- singular values alone --- */

static int values_work_length(int n) {
    return (2 + BLOCK) * n + 1;
}

size_t linalg_singular_values_bytes(int m, int n) {
    size_t least = (size_t)int_min(m, n);
    return (least * least + (size_t)values_work_length((int)least)) * sizeof(double);
}

status linalg_singular_values(int m, int n, const double *a, double *s, void *work) {
    int least = int_min(m, n), one = 1, info, integer_work, length = values_work_length(least);
    double *gram = work, *rest = gram + (size_t)least * (size_t)least;
    cblas_dsyrk(CblasColMajor, CblasUpper, m <= n ? CblasNoTrans : CblasTrans, least, m <= n ? n : m, 1, a, m, 0, gram,
                least);
    dsyevd_("N", "U", &least, gram, &least, s, rest, &length, &integer_work, &one, &info);
    if (info != 0)
        return status_fail(STATUS_NUMERIC, "an eigenvalue decomposition failed (%d)", info);
    for (int i = 0; i < least / 2; i++) { /* LAPACK's rise */
        double swapped = s[i];
        s[i] = s[least - 1 - i];
        s[least - 1 - i] = swapped;
    }
    for (int i = 0; i < least; i++)
        s[i] = sqrt(fmax(s[i], 0));
    return STATUS_OK;
}

/* --- symmetric eigenvalues --- */

static int eigen_work_length(int n) {
    return (26 + BLOCK) * n;
}

size_t linalg_eigen_bytes(int n) {
    return (size_t)eigen_work_length(n) * sizeof(double) + 12 * (size_t)n * sizeof(int);
}

static status eigen_range(int n, double *a, const char *range, double least, int first, int *count, double *values,
                          double *vectors, void *work) {
    const double most = HUGE_VAL, tolerance = 0;
    double *real_work = work;
    int *integer_work = (int *)(real_work + eigen_work_length(n)), *support = integer_work + 10 * n;
    int length = eigen_work_length(n), integer_length = 10 * n, info;
    dsyevr_("V", range, "L", &n, a, &n, &least, &most, &first, &n, &tolerance, count, values, vectors, &n, support,
            real_work, &length, integer_work, &integer_length, &info);
    return info == 0 ? STATUS_OK : status_fail(STATUS_NUMERIC, "an eigenvalue decomposition failed (%d)", info);
}

status linalg_eigen_largest(int n, double *a, int count, double *values, double *vectors, void *work) {
    int found;
    return eigen_range(n, a, "I", 0, n - count + 1, &found, values, vectors, work);
}

status linalg_eigen_above(int n, double *a, double least, int *count, double *values, double *vectors, void *work) {
    return eigen_range(n, a, "V", least, 1, count, values, vectors, work);
}

static size_t eigen_all_work_length(int n) {
    return 1 + (size_t)n * (size_t)(6 + 2 * n + BLOCK);
}

size_t linalg_eigen_all_bytes(int n) {
    return eigen_all_work_length(n) * sizeof(double) + (3 + 5 * (size_t)n) * sizeof(int);
}

status linalg_eigen_all(int n, double *a, double *values, void *work) {
    double *real_work = work;
    int *integer_work = (int *)(real_work + eigen_all_work_length(n));
    int length = (int)eigen_all_work_length(n), integer_length = 3 + 5 * n, info;
    dsyevd_("V", "L", &n, a, &n, values, real_work, &length, integer_work, &integer_length, &info);
    return info == 0 ? STATUS_OK : status_fail(STATUS_NUMERIC, "an eigenvalue decomposition failed (%d)", info);
}

bool linalg_cholesky(int n, double *a) {
    int info;
    dpotrf_("L", &n, a, &n, &info);
    return info == 0;
}

/* --- right singular vectors --- */

static size_t right_work_length(int n) {
    return (size_t)n * (size_t)(4 * n + 7 + 2 * BLOCK);
}

size_t linalg_right_vectors_bytes(int m, int n) {
    return ((size_t)m * (size_t)n + right_work_length(n)) * sizeof(double) + 8 * (size_t)n * sizeof(int);
}

status linalg_right_vectors(int m, int n, double *a, double *s, double *vt, void *work) {
    double *u = work, *rest = u + (size_t)m * (size_t)n;
    int *integer_work = (int *)(rest + right_work_length(n)), length = (int)right_work_length(n), info;
    dgesdd_("S", &m, &n, a, &m, s, u, &m, vt, &n, rest, &length, integer_work, &info);
    return info == 0 ? STATUS_OK : status_fail(STATUS_NUMERIC, "a singular value decomposition failed (%d)", info);
}
