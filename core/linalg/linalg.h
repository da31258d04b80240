/* Decompositions of small dense matrices (LAPACK inside OpenBLAS), column-major. A decomposition that does
 * not converge is STATUS_NUMERIC.
 *
 * Thread rule: any thread at any time, on different arrays. */
#ifndef IRST_CORE_LINALG_LINALG_H
#define IRST_CORE_LINALG_LINALG_H

#include "core/base/status.h"

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

/* Memory that linalg_svd needs beside its arguments. */
size_t linalg_svd_bytes(int n);

/* a = u diag(s) vt, n x n; s falls. `a` is destroyed; vt holds V^H. */
status linalg_svd(int n, double complex *a, double *s, double complex *u, double complex *vt, void *work);

/* Memory that linalg_singular_values needs: the smaller Gram matrix, and LAPACK's. */
size_t linalg_singular_values_bytes(int m, int n);

/* The min(m, n) singular values of a real m x n matrix, falling. From a Gram matrix: values below 1e-8 of the largest
 * are rounding noise. */
status linalg_singular_values(int m, int n, const double *a, double *s, void *work);

/* Memory that linalg_eigen_largest and linalg_eigen_above need. */
size_t linalg_eigen_bytes(int n);

/* The `count` largest eigenvalues of a symmetric n x n matrix, whose lower half is used and destroyed; they rise. With
 * unit eigenvectors, one per column. */
status linalg_eigen_largest(int n, double *a, int count, double *values, double *vectors, void *work);

/* Those above `least`: *count of them. */
status linalg_eigen_above(int n, double *a, double least, int *count, double *values, double *vectors, void *work);

/* Memory that linalg_eigen_all needs. */
size_t linalg_eigen_all_bytes(int n);

/* All of them, faster than many of linalg_eigen_above; the vectors take the place of `a`. */
status linalg_eigen_all(int n, double *a, double *values, void *work);

/* L of a = L L^T in the lower half of the symmetric n x n matrix; false if a is not positive definite. */
bool linalg_cholesky(int n, double *a);

/* Memory that linalg_right_vectors needs. */
size_t linalg_right_vectors_bytes(int m, int n);

/* Singular values of a real m x n matrix, m >= n, falling, and V^T (n x n), by LAPACK's decomposition of `a` itself,
 * which is destroyed: small ones are right too. */
status linalg_right_vectors(int m, int n, double *a, double *s, double *vt, void *work);

#endif
