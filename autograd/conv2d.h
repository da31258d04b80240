/* What the operations that convolve share. */
#ifndef IRST_AUTOGRAD_CONV2D_H
#define IRST_AUTOGRAD_CONV2D_H

#include "autograd/ops.h"

conv_options conv2d_geometry(const conv2d_options *o, const node *weight);

/* Shape rule for the convolution of input 0; bias may be NULL. */
status conv2d_infer(node *n, const conv2d_options *o, const node *weight, const node *bias);

/* Floating-point operations of a direct convolution with such weights whose output has the pixels of n. */
double conv2d_flops(const node *n, const node *weight);

#endif
