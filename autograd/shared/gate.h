/* The gates of squeeze-and-excitation (Hu et al., 2018), for operations that compute them inside:
 * gate = sigmoid(w2 max(0, w1 squeezed + b1) + b2), `channels` -> `hidden` -> `channels`, for each image.
 *
 * Thread rule: the calling thread of the tape's engine. */
#ifndef IRST_AUTOGRAD_SHARED_GATE_H
#define IRST_AUTOGRAD_SHARED_GATE_H

#include "autograd/ops.h"

/* Four neighbouring inputs of an operation: w1, b1, w2, b2. */
enum { GATE_W1, GATE_B1, GATE_W2, GATE_B2, GATE_INPUTS };
typedef struct gate_inputs {
    node *w1, *b1, *w2, *b2;
} gate_inputs;

/* For patterns: whether `scaled` is x times its gates, recorded with plain operations that may vanish into `last` (see
 * rewrite_is_inner); returns x, or NULL. */
node *gate_take(const tape *t, const node *scaled, const node *last, gate_inputs *gate);

/* STATUS_USAGE unless the four inputs from `first` on are the weights of gates for `channels` channels. */
status gate_check(const node *n, int first, int channels);

/* The numbers saved for one image: [channels], [hidden], [channels]. */
typedef struct gate_saved {
    float *squeezed, *hidden, *gate;
} gate_saved;
size_t gate_saved_count(const node *n, int first);
gate_saved gate_saved_at(const node *n, int first, float *saved);

/* Fills hidden and gate from squeezed. */
void gate_forward(const node *n, int first, gate_saved g);

/* From the gradient of the gates of one image: adds to the gradients of the four inputs (where they are wanted), and
 * overwrites dsqueezed. */
void gate_backward(node *n, int first, gate_saved g, const double *dgate, double *dsqueezed);

double gate_flops(const node *n, int first); /* of all images */

/* Weights for the operations' samples. */
gate_inputs gate_sample(tape *t, int channels, int hidden);

#endif
