/* Singular value thresholding: B = U max(S - threshold, 0) V^T of G = U S V^T, the proximal step of the nuclear norm.
 *
 * The singular values above the threshold and their V come from the Gram matrix G^T G, whose rounding moves them by
 * about 1e-16 largest^2 / threshold. Below a threshold of SVT_GRAM_LIMIT largest, from LAPACK's decomposition of G.
 *
 * Thread rule: the caller's of its engine; svt_columns runs in any of its threads. */
#ifndef IRST_CORE_LINALG_SVT_H
#define IRST_CORE_LINALG_SVT_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "core/base/workspace.h"
#include "core/linalg/eigen_many.h"
#include "core/linalg/leading.h"

#define SVT_GRAM_LIMIT 1e-5
#define SVT_TOLERANCE 1e-5
/* A singular value that equals the threshold up to rounding is not above it. */
#define SVT_TIE 1e-9

typedef struct svt {
    int m, n; /* m >= n; column-major */
    int rank; /* number of singular values above the threshold */
    bool exact;
    int many;       /* where it is not: from this rank on, all eigenvalues are found (eigen_many.h) */
    bool reduced;   /* the Gram matrix, by svt_reduce */
    bool imprecise; /* the last threshold was too small for a Gram matrix */
    leading leading;
    eigen_many all;
    double *vectors, *values, *factors; /* V, the singular values above the threshold, 1 - threshold / value */
    double *gram, *partial, *left, *copy;
    void *work;
} svt;

/* Takes its memory from `w`. `exact`: LAPACK decomposes the Gram matrix. Else subspace iteration does, which begins
 * with the vectors of the last call (leading.h), and eigen_many.h where it does not converge and where more than a
 * tenth of the singular values are above the threshold. Then B is off by at most SVT_TOLERANCE threshold in the
 * Frobenius norm.
 */
status svt_new(svt *s, int m, int n, bool exact, workspace *w);

/* After svt_gram of G, whose result it destroys: the `count` largest singular values of G, falling. */
status svt_largest(svt *s, const double *G, int count, double *values);

/* In this order: the Gram matrix, the decomposition, and what is multiplied with V^T. G must stay until then. A caller
 * that has the Gram matrix otherwise fills s->gram, both halves, and gives no G (NULL) to the decomposition: it has to
 * look at s->imprecise, and to do without svt_multiply. */
void svt_gram(engine *e, svt *s, const double *G);
status svt_decompose(engine *e, svt *s, const double *G, double threshold);

/* The next decomposition begins with something that one thread does; svt_reduce, between svt_gram and svt_decompose,
 * does it before, maybe as an item of a parallel loop beside other work. */
bool svt_is_reducible(const svt *s);
status svt_reduce(svt *s);

void svt_multiply(engine *e, svt *s, const double *G);

/* Columns first .. first + count - 1 of the result into B, m apart. May run in several threads. */
void svt_columns(const svt *s, int first, int count, double *B);

#endif
