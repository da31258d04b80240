/* What the operations that convolve share.
 *
 * Thread rule: the calling thread of the tape's engine. */
#ifndef IRST_AUTOGRAD_SHARED_CONV2D_H
#define IRST_AUTOGRAD_SHARED_CONV2D_H

#include "autograd/ops.h"

/* Whether kernels are kernel x kernel, with stride 1, no gaps and the padding that keeps the size; of a node of conv2d
 * or conv2d_relu, whether it convolves so and adds a bias. */
bool conv2d_is_same(const conv2d_options *o, const node *weight, int kernel);
bool conv2d_is_same_with_bias(const node *n, int kernel);

/* Shape rule for the convolution of input 0; bias may be NULL. */
status conv2d_infer_shape(node *n, const conv2d_options *o, const node *weight, const node *bias);

/* Plans the convolution of input 0, maybe normalised, to n with such a weight, and its gradients where n has one:
 * n->prepared is the conv_plan. Without gradients it keeps packed weights, if the tape has room (tape_alloc_packed).
 *
 * A forward pass that a backward pass follows is exact: the larger rounding errors of Winograd's F(4x4, 3x3) let some
 * ReLU inputs near 0 change side, and each moves small gradients visibly (measured on RPCANet+ against float64: 5e-3 of
 * the worst tensor instead of 1e-4). The gradients themselves may take that way: their errors stay where they arise.
 * tape_set_fast lets the forward pass take it, too. */
status conv2d_prepare(tape *t, node *n, const conv2d_options *o, const node *weight, bool normalised);
size_t conv2d_scratch(const engine *e, const node *n); /* floats, of the plan */

/* n = convolution of input 0, normalised unless norm is NULL, with input `weight` and, where there is one, the bias
 * after it; then ReLU, if asked for. Gathers moments where they were asked for (norm.h). */
void conv2d_forward(node *n, const conv_norm *norm, int weight, bool relu, const op_run *run);

/* Adds to the gradients of the weight, n's input number `weight`, and of the bias after it, where there is one: of
 * those that are trained. */
void conv2d_weight_gradients(node *n, const conv_norm *norm, int weight, const op_run *run);

/* Floating-point operations of a direct convolution with such weights whose output has the pixels of n. */
double conv2d_flops(const node *n, const node *weight);

/* The same for a node whose inputs are x, weight and maybe bias, and whose options are conv2d_options: fields of op. */
status conv2d_node_infer_shape(node *n);
status conv2d_node_prepare(tape *t, node *n);
void conv2d_node_backward(node *n, const op_run *run);
double conv2d_node_flops(const node *n);
/* Whether computing the output again is cheaper than keeping it: at most nine multiply-adds a number. */
bool conv2d_node_is_cheap(const node *n);

#endif
