/* The matrix G = (D - Y_T + Y_B) / 2 of accelerated proximal gradient (ipi_apg.c) without forming it: D does not
 * change, Y_B = a B + b B' has the factors U V^T of the last two backgrounds, and Y_T has few entries. Then its Gram
 * matrix and G V cost a fraction of what they cost from G, and nearly all of it is done in the n dimensions of D's
 * shorter side, where
 *
 *     H = (D - Y_T)^T U,    Q = Y_B^T U = V w U^T U,    w: a or b, of both backgrounds side by side
 *     4 G^T G = (D - Y_T)^T (D - Y_T) + V F^T + F V^T,    F = (H + Q / 2) w
 *
 * D^T U and U^T U of the next background U = G V f follow from D^T D and from these: D^T G V, and 2 G^T U = H + Q.
 *
 * Thread rule: the caller's of its engine. */
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

/* From step k, of which `pace` is, to k + 1. Sets f->a, f->b and f->formed; unless G has to be formed, also f->Zt,
 * f->Ft, f->half and s->gram, whose decomposition it begins. Beside that it makes the step of the target, for which
 * target_step_begin has been called and target_step_end is to be, and from it f->next_DtM. */
status factored_gram_prepare_step(engine *e, factored_gram *f, target_entries *t, svt *s, const apg_pace *pace);

/* After that, the decomposition of G into `s`: from the factors where T has few entries and the threshold allows, else
 * from f->G itself, which is then formed. */
status factored_gram_decompose(engine *e, factored_gram *f, target_entries *t, svt *s, double threshold);

/* After that, f->next, which is B_{k+1}, from `s`, with f->C, f->next_K and, unless it is the `last` step, f->next_DUt;
 * the square of ||Y_B - B_{k+1}||_F into *step2, of ||B_{k+1}||_F into *norm2. */
void factored_gram_compute_next(engine *e, factored_gram *f, target_entries *t, svt *s, bool last, double *step2,
                                double *norm2);

/* One step on: f->before, with what goes with it, gives way to f->now, this to f->next, and f->DtM to f->next_DtM. */
void factored_gram_shift(factored_gram *f, const svt *s);

#endif
