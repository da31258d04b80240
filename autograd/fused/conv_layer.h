/* Layers of inference (fused.h): which operations they come from, and the weights that they are run with.
 *
 * Thread rule: the calling thread of the tape's engine. */
#ifndef IRST_AUTOGRAD_FUSED_CONV_LAYER_H
#define IRST_AUTOGRAD_FUSED_CONV_LAYER_H

#include "autograd/fused/fused.h"
#include "core/conv/conv_stream.h"

/* Whether the node is a 3x3 convolution with stride, padding and dilation 1, and what it does as a layer; its weights
 * are the inputs after the first. */
bool conv_layer_of(const node *n, conv_layer *layer);

int conv_layer_inputs(const conv_layer *layer); /* number of its weights among a node's inputs */

/* Floats of the room that a layer with a norm needs for its folded weights; 0 without one. */
size_t conv_layer_room(const conv_layer *layer, const node *weight);

/* Weights, bias and ReLU of the layer whose first weight is n->input[first]. Those of a layer with a norm are computed
 * in double into `room`, zeros at first, which keeps them until its parameters or statistics change: a fingerprint
 * tells (kept_weights.h). */
streamed_conv conv_layer_weights(engine *e, const conv_layer *layer, const node *n, int first, float *room);

/* For samples: weights that are not trained, as the inputs from `inputs` on; returns how many. */
int conv_layer_sample(tape *t, const conv_layer *layer, int ic, int oc, int kernel, node **inputs);

#endif
