/* Elementwise operations: work on all numbers of maps of one shape, cut into items of some thousands of pixels by the
 * shape alone. An item is a band of rows of a large plane, or several small planes.
 *
 * Thread rule: the calling thread of the tape's engine; any of its threads runs the bodies. */
#ifndef IRST_AUTOGRAD_SHARED_BANDS_H
#define IRST_AUTOGRAD_SHARED_BANDS_H

#include "autograd/shared/op_support.h"

/* Some rows of one plane. */
typedef struct plane_band {
    int plane, y0;    /* number of the plane, as plane_data counts; first row */
    plane_shape rows; /* as a plane of their own */
    int item;         /* that they belong to */
} plane_band;

static inline float *band_data(const tensor *t, const plane_band *b) {
    return plane_data(t, b->plane) + b->y0 * t->row;
}

typedef void band_body(const worker *w, void *job, const plane_band *band);

int bands_items(const tensor *t);
void bands_for(engine *e, const tensor *t, band_body *body, void *job);

/* The same for a body that adds to sums[band->item], of bands_items(t) numbers; returns their sum, added up in order.
 */
double bands_sum(engine *e, const tensor *t, band_body *body, void *job, double *sums);
size_t bands_sum_scratch(const tensor *t); /* floats for these numbers */

/* to += from, of one shape. */
void bands_add(engine *e, const tensor *from, const tensor *to);

/* op.forward: op.forward_band(worker, node, band) for all bands of the value. */
void bands_forward(node *n, const op_run *run);
/* op.backward where only input 0 has a gradient: op.backward_band(worker, grad_target, band) for all its bands, if it
 * is wanted. */
void bands_backward(node *n, const op_run *run);

#endif
