/* The matrix G = (D + Y_B - Y_T) / 2 of accelerated proximal gradient without forming it: D does not change, Y_B = a B
 * + b B' has the factors B = U V^T of the last two backgrounds, and Y_T has few entries. Then the Gram matrix of G and
 * G V cost a fraction of what they cost from G. */
#ifndef IRST_MODULES_CLASSIC_FACTORED_GRAM_H
#define IRST_MODULES_CLASSIC_FACTORED_GRAM_H

#include "core/base/engine.h"
#include "core/base/workspace.h"
#include "core/linalg/svt.h"

/* B = U V^T; columns m, n and n apart. */
typedef struct low_rank {
    int rank;
    double *U, *V, *DU; /* DU = D^T U */
} low_rank;

/* Columns of entries, each with room for m. */
typedef struct sparse_columns {
    int *count; /* of each of the n columns */
    int *row;
    double *value;
} sparse_columns;

typedef struct factored_gram {
    int m, n;
    const double *D;
    double *Dt, *DtD;
    low_rank now, before;
    double a, b;        /* Y_B = a now + b before */
    sparse_columns Y_T; /* filled by the caller before each step */
    double *F, *K, *W, *small;
} factored_gram;

/* Takes its memory from `w`; both backgrounds and Y_T are zero at first. */
status factored_gram_new(engine *e, factored_gram *f, int m, int n, const double *D, workspace *w);

/* Fills s->gram. */
void factored_gram_make(engine *e, factored_gram *f, svt *s);

/* After the decomposition: s->left = G V diag(factors), as svt_multiply gives it. */
void factored_gram_multiply(engine *e, factored_gram *f, svt *s);

/* The background that s holds becomes the newest one. */
void factored_gram_keep(engine *e, factored_gram *f, const svt *s);

#endif
