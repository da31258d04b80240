/* The matrix G = (D - Y_T + Y_B) / 2 of accelerated proximal gradient (ipi_apg.c) without forming it: D does not
 * change, Y_B = a B + b B' has the factors U V^T of the last two backgrounds, and Y_T has few entries. Then its Gram
 * matrix and G V cost a fraction of what they cost from G, and nearly all of it is done in the n dimensions of D's
 * shorter side, where
 *
 *     H = (D - Y_T)^T U,    Q = Y_B^T U = V w U^T U,    w: a or b, of both backgrounds side by side
 *     4 G^T G = (D - Y_T)^T (D - Y_T) + V F^T + F V^T,    F = (H + Q / 2) w
 *
 * D^T U and U^T U of the next background U = G V f follow from D^T D and from these: D^T G V, and 2 G^T U = H + Q. */
#ifndef IRST_MODULES_CLASSIC_IPI_FACTORED_GRAM_H
#define IRST_MODULES_CLASSIC_IPI_FACTORED_GRAM_H

#include "core/base/engine.h"
#include "core/base/workspace.h"
#include "core/linalg/svt.h"
#include "modules/classic/ipi/apg_step.h"
#include "modules/classic/ipi/low_rank.h"
#include "modules/classic/ipi/target_entries.h"

#include <stdbool.h>

typedef struct factored_gram {
    int m, n;
    const double *D;
    double *Dt, *DtD;
    low_rank next, now, before; /* B_{k+1}, B_k and B_{k-1}; those of the last two share Vt, DUt, ... side by side */
    double a, b;                /* Y_B = a now + b before */
    bool formed;                /* G had to be formed */
    double *G;                  /* where that is so */
    double *DtM, *next_DtM;     /* D^T (D - Y_T), and that of the step after */
    double *half;               /* half of 4 G^T G, not symmetric */
    double *Vt, *DUt, *Ft, *Zt; /* of now and before; Z = H + Q; 2 n x n */
    double *K, *next_K;         /* U^T U of now and before; with U of next */
    double *C;                  /* V^T V of next */
    double *next_DUt;
    double *sums; /* of each parallel item */
} factored_gram;

/* Takes its memory from `w`; both backgrounds are zero at first. DtD: D^T D, both halves, is copied. */
status factored_gram_new(engine *e, factored_gram *f, int m, int n, const double *D, const double *DtD, workspace *w);

/* From step k to k + 1, `pace` being that of step k: what can be done for the decomposition of G, beside the step of
 * the target, which has begun and is done up to its end (target_step_begin, target_step_end). */
status factored_gram_go_on(engine *e, factored_gram *f, target_entries *t, svt *s, const apg_pace *pace);

/* After that, the decomposition of G into `s`: from the factors where T has few entries and the threshold allows, else
 * from G itself. */
status factored_gram_decompose(engine *e, factored_gram *f, target_entries *t, svt *s, double threshold);

/* f->next from `s`; the square of ||Y_B - B_{k+1}||_F into *step2, of ||B_{k+1}||_F into *norm2. `last`: no step comes
 * after this one. */
void factored_gram_next(engine *e, factored_gram *f, target_entries *t, svt *s, bool last, double *step2,
                        double *norm2);

/* The next background, from `s`, becomes the present one. */
void factored_gram_advance(factored_gram *f, const svt *s);

#endif
