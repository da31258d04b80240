/* Losses of a map of logits z against a soft mask t, p = sigmoid(z).
 *
 * Each is a function of a few sums over the pixels (overlap, masses, cross-entropy). A term is one file, loss_NAME.c,
 * with its formula, and one line in mask_losses.def; op_mask_loss.c does what they have in common: images, rows,
 * threads, pooling, and the way of the gradient to z.
 *
 * Thread rule: terms are constant, their functions any thread at any time. */
#ifndef IRST_AUTOGRAD_LOSSES_MASK_LOSS_H
#define IRST_AUTOGRAD_LOSSES_MASK_LOSS_H

#include "autograd/tape.h"

#include <math.h>

/* Over which pixels the sums go. */
typedef enum mask_pooling {
    POOL_IMAGE, /* those of each image; the images' losses are averaged */
    POOL_BATCH  /* those of all images, as if they were one */
} mask_pooling;

typedef struct mask_row {
    const float *z, *t; /* logits and labels in [0, 1] */
    int width;          /* W */
    double y;           /* of this row, as a share of the height: y / H, from 0 */
} mask_row;

enum { MASK_SUMS = 8 };

/* One loss. A NaN among the logits must come out as one. */
typedef struct mask_loss_term {
    const char *name;
    int sum_count; /* 1 to MASK_SUMS */
    /* Adds what a row has to add to the sums, which begin at 0. */
    void (*add_row)(const mask_row *row, double *sums);
    /* The loss of all sums over `pixels` pixels; slopes: its derivatives with respect to the sums, 0 for those that
     * depend on t alone. */
    double (*value)(const double *sums, double pixels, double *slopes);
    /* dz[x] of a row: the slopes times the derivatives of the sums with respect to z[x]. */
    void (*grad_row)(const mask_row *row, const double *slopes, float *dz);
} mask_loss_term;

#define TERM(name) extern const mask_loss_term loss_##name;
#include "autograd/losses/mask_losses.def"
#undef TERM

extern const mask_loss_term *const mask_loss_terms[];   /* NULL-terminated, in the order of mask_losses.def */
const mask_loss_term *mask_loss_find(const char *name); /* NULL if there is none */

/* Records the loss of logits against a mask, both N x 1 x H x W; a scalar. The mask must not depend on parameters. */
node *mask_loss(tape *t, node *logit, node *mask, const mask_loss_term *term, mask_pooling pooling);

/* The options of the node, for the tests' reference. */
typedef struct mask_loss_options {
    const mask_loss_term *term;
    mask_pooling pooling;
} mask_loss_options;

/* --- for the terms --- */

static inline float mask_probability(float z) {
    return 1 / (1 + expf(-z));
}

/* A quotient of sums of which the lower one may be 0, and the upper one then is: 0. NaN stays NaN. */
static inline double mask_ratio(double part, double whole) {
    return whole == 0 ? 0 : part / whole;
}

/* log(1 + exp(z)), the cross-entropy of logit z for label 0, without overflow; that of -z for label 1. */
static inline float mask_softplus(float z) {
    return fmaxf(0, z) + log1pf(expf(-fabsf(z)));
}

/* The sums of the losses made of intersection and union: I = sum p t, P = sum p, G = sum t. */
enum { MASK_I, MASK_P, MASK_G, MASK_OVERLAP_SUMS };
void mask_overlap_add_row(const mask_row *row, double *sums);
void mask_overlap_grad_row(const mask_row *row, const double *slopes, float *dz);

#endif
