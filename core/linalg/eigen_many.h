/* The eigenpairs of a symmetric matrix above a limit, where they are many: more than a tenth of all. LAPACK makes the
 * matrix tridiagonal and finds every eigenvalue, on one thread; the vectors asked for are then computed on all threads,
 * each from the twisted factorisation of its eigenvalue (Parlett and Dhillon, Linear Algebra Appl. 267, 1997), and made
 * orthogonal by Cholesky's decomposition of their products. Where that does not do, as with equal eigenvalues, LAPACK's
 * divide and conquer finds them.
 *
 * Thread rule: eigen_many_reduce any thread, an item of a parallel loop too; the rest the caller's of its engine. */
#ifndef IRST_CORE_LINALG_EIGEN_MANY_H
#define IRST_CORE_LINALG_EIGEN_MANY_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "core/base/workspace.h"

#include <stdbool.h>

/* For the tridiagonal matrix: ||T v - value v|| of a unit vector v is at most this share of the largest |value|, or the
 * vector is not taken. What rounding leaves of LAPACK's is about as much. */
#define EIGEN_MANY_RESIDUAL 1e-14

typedef struct eigen_many {
    int n;
    double *reflectors; /* the matrix that was reduced, which holds them */
    double *values;     /* all, rising */
    double *diagonal, *beside, *scales;
    double *above, *below; /* quotients of the factorisations */
    double *residuals;     /* of each vector */
    double *products;      /* of vectors with each other */
    double *triangles;     /* of each block of reflectors */
    double *work;
    int *integer_work;
    bool divided; /* the last vectors are those of divide and conquer */
} eigen_many;

/* For n x n matrices; takes its memory from `w`. */
status eigen_many_new(eigen_many *m, int n, workspace *w);

/* Step one: the eigenvalues of `a`, whose lower half is used and destroyed, and which must stay until step two. */
status eigen_many_reduce(eigen_many *m, double *a);

/* Step two: *count eigenvalues above `least`, which rise, and unit eigenvectors, one per column, orthonormal but for
 * rounding. `values` and `vectors` have room for all n. The same bits for every number of threads. */
status eigen_many_above(engine *e, eigen_many *m, double least, int *count, double *values, double *vectors);

#endif
