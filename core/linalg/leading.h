/* The leading eigenvalues of a symmetric matrix that changes little from call to call: subspace iteration that begins
 * with the vectors of the last call, filtered by Chebyshev polynomials (Zhou et al., J. Comput. Phys. 219, 2006).
 *
 * Thread rule: the caller's of its engine. */
#ifndef IRST_CORE_LINALG_LEADING_H
#define IRST_CORE_LINALG_LEADING_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "core/base/workspace.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct leading {
    int n, most;  /* most: room for vectors */
    int count;    /* vectors in the basis; 0 before the first call */
    double *ritz; /* approximate eigenvectors, columns n apart, and `values`, falling: those asked for come first */
    double *values;
    double *basis, *image, *ritz_image, *older, *small;
    void *work;
    uint64_t draws; /* of random vectors */
    int wanted;     /* vectors of the next call's basis */
    int degree;     /* of the polynomial that the last call began with; 0: it needed none */
} leading;

/* Takes its memory from `w`. */
status leading_new(leading *l, int n, workspace *w);

/* The eigenpairs of a positive semidefinite S (n x n, both halves) with values above `least`: *count of them, in
 * l->values and l->ritz. *found is false if they do not converge soon or are more than a third of all. Then nothing is
 * known; else for each r = S v - value v, sum ||r||^2 / value <= tolerance^2, and the next value is below `least` as
 * far as the same tolerance tells, of a vector that has been multiplied by S some times. The result depends on the
 * calls before, but not on the number of threads. */
status leading_find(engine *e, leading *l, const double *S, double least, double tolerance, bool *found, int *count);

#endif
