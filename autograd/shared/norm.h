/* The arithmetic of batch normalisation with ReLU, for operations that normalise their input while they read it
 * (op_norm_conv2d.c, op_gated_conv2d.c): y = max(0, weight (x - mean) / sqrt(var + eps) + bias) = max(0, scale x +
 * shift). Formulas stand in op_batch_norm.c.
 *
 * Thread rule: the calling thread of the tape's engine, but for what takes a worker: that any of its threads runs. */
#ifndef IRST_AUTOGRAD_SHARED_NORM_H
#define IRST_AUTOGRAD_SHARED_NORM_H

#include "autograd/ops.h"
#include "core/base/parallel.h"

/* Count, mean and squared deviations of some rows of one channel; the operation that writes a value gathers them while
 * the rows are in the cache. */
typedef struct norm_moments {
    double count, mean, m2;
} norm_moments;

/* What an operation saves for its backward pass: C numbers each. */
typedef struct norm_saved {
    float *mean, *inverse_std, *scale, *shift;
} norm_saved;
#define NORM_SAVED_COUNT(channels) (4 * (size_t)(channels))
norm_saved norm_saved_at(float *saved, int channels);

/* STATUS_USAGE unless weight and bias hold one number for each channel of x. */
status norm_check(const tensor *x, const node *weight, const node *bias);

/* What an operation applies with a ReLU to its input: the weights of a batch norm. */
typedef struct norm_inputs {
    node *weight, *bias;
    batch_norm_options options;
} norm_inputs;

/* For patterns: whether x is the result of batch norm and ReLU that may vanish into the operation `last` (see
 * rewrite_is_inner), and a backward pass runs through it; then *x becomes the batch norm's input, whose moments are
 * asked for if the norm needs them. */
bool norm_take(tape *t, node **x, int readers, const node *last, norm_inputs *norm);

/* Hook for the forward pass of an operation whose value's moments were asked for; `context` is its node. */
void norm_gather_moments(const worker *w, void *context, int image, int y0, int y1);
bool norm_clear_moments(node *n); /* before they are gathered; false: nobody asked for them */

/* In forward: what n->saved begins with, a norm_saved, for its input 0 and the norm whose weight is input `norm` and
 * whose bias is the next one: statistics (of the batch, moving the running ones; or the running ones themselves), scale
 * and shift. scratch: norm_scratch floats. A recomputation finds them there. */
void norm_prepare(node *n, int norm, const batch_norm_options *o, void *scratch, const op_run *run);
size_t norm_scratch(const tensor *x);

/* max(0, scale x + shift) for operations that need it as a whole: images of x's shape in `room`, of norm_applied_room
 * floats, whose halo norm_applied_clear sets to zero once and norm_apply leaves alone. */
size_t norm_applied_room(const tensor *x);
void norm_applied_clear(const tensor *x, float *room);
tensor norm_apply(engine *e, const tensor *x, norm_saved saved, float *room);

/* The backward pass of y = max(0, bn(x)), in place of dx, which first receives dy: norm_backward_begin; norm_mask for
 * all rows, once dy is there (a conv_hook's rows_done); norm_backward_finish, which leaves the gradient of x, adds
 * to those of n's inputs `norm`, the weight, and the next one, the bias, where they are wanted, and to sum, unless it
 * is NULL, the whole. */
typedef struct norm_backward {
    const tensor *x, *dx;
    norm_saved saved;
    const float *constant; /* added to dy before all else, [image][channel]; NULL: 0 */
    double *sums;          /* norm_scratch floats */
} norm_backward;
void norm_backward_begin(const norm_backward *b);
void norm_mask(const worker *w, void *context, int image, int y0, int y1);
void norm_backward_finish(node *n, int norm, const norm_backward *b, norm_statistics statistics, const tensor *sum,
                          const op_run *run);

/* The gradient of x must not mix with others' before it is complete, and is needed for those of weight and bias even
 * where nobody wants it itself: `room` is a place for it then, of norm_room(n, x, norm) floats; norm: the input that is
 * the norm's weight, its bias is the next one. norm_place tells where it is made: there, or in its own place, dx. */
size_t norm_room(const node *n, int x, int norm);
tensor norm_place(const tensor *x, const tensor *dx, bool accumulate, float *room);
static inline bool norm_is_trained(const node *n, int norm) {
    return n->input[norm]->requires_grad || n->input[norm + 1]->requires_grad;
}

/* Weights and statistics of a norm for the operations' samples. */
typedef enum sample_norm { SAMPLE_PLAIN, SAMPLE_BATCH, SAMPLE_RUNNING } sample_norm;
norm_inputs norm_sample(tape *t, int channels, sample_norm kind);

#endif
