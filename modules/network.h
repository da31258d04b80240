/* Recording a network on a tape: the layers that networks are written with.
 *
 * Each layer names its parameters as the published checkpoints do. A parameter is created, and initialised, the first
 * time a layer asks for it; later recordings (another image size, training after inference) find it by name. */
#ifndef IRST_MODULES_NETWORK_H
#define IRST_MODULES_NETWORK_H

#include "autograd/ops.h"
#include "modules/parameter.h"

#include <stdint.h>

/* How the weights of convolutions start; biases always start uniform within 1 / sqrt(fan-in). */
typedef enum weight_init {
    INIT_XAVIER_NORMAL,  /* deviation sqrt(2 / (fan-in + fan-out)) */
    INIT_UNIFORM_FAN_IN, /* within 1 / sqrt(fan-in), PyTorch's own choice */
    INIT_KAIMING_FAN_OUT /* normal, deviation sqrt(2 / fan-out) */
} weight_init;

typedef struct network {
    tape *t;
    parameter_set *parameters;
    uint64_t seed;              /* of the initialisation; each parameter has its own random stream */
    norm_statistics statistics; /* of the batch norms */
    bool training;              /* parameters have gradients on this tape */
    weight_init init;           /* set by the network's builder */
    int phase;                  /* of the training; the last one in inference */
    const int64_t *step;        /* training steps made so far, for dropout; NULL in inference */
} network;

/* Padding is dilation * (kernel / 2): with stride 1 an odd kernel keeps the size. */
typedef struct layer_options {
    int kernel;
    int stride, dilation; /* 0 is read as 1 */
    bool no_bias;
    activation activation;
} layer_options;

/* Convolution with NAME.weight and NAME.bias. NULL if x is NULL or memory is out, as the builders of ops.h. */
node *layer_conv2d(network *net, node *x, int channels, layer_options options, const char *name);

/* The same, with stride 1 and a bias. */
node *layer_conv(network *net, node *x, int channels, int kernel, activation act, const char *name);

/* Batch norm: NAME.weight (1), .bias (0), .running_mean, .running_var, .num_batches_tracked; then the activation. */
node *layer_batch_norm(network *net, node *x, activation act, const char *name);

/* Convolution, batch norm, then options.activation. */
node *layer_conv_norm(network *net, node *x, int channels, layer_options options, const char *conv, const char *norm);

/* Batch norm with ReLU of x, named `norm`; then a convolution without activation, named `conv`. Trained as one
 * operation; for inference the norm is a node of its own, which folds into the convolution before it. */
node *layer_norm_conv2d(network *net, node *x, int channels, layer_options options, const char *norm, const char *conv);

/* The same, with stride 1 and a bias. */
node *layer_norm_conv(network *net, node *x, int channels, int kernel, const char *norm, const char *conv);

/* The names of a gated layer's parts; norm is NULL where x is not to be normalised (and rectified) first. */
typedef struct gated_names {
    const char *norm;
    const char *gates; /* .excitation.0 and .excitation.2 */
    const char *conv;  /* behind the gates */
} gated_names;

/* Squeeze-and-excitation (Hu et al., 2018): x times the gates sigmoid(conv1x1(relu(conv1x1(mean x)))), with C /
 * reduction channels between; then a 3x3 convolution to `channels`. */
node *layer_gated_conv(network *net, node *x, int channels, int reduction, const gated_names *names);

/* A 3x3 convolution to `wide` channels, named `first`, in front of layer_gated_conv to one channel. */
node *layer_gated_conv_pair(network *net, node *x, int wide, int reduction, const char *first,
                            const gated_names *names);

/* One learnable number. */
node *layer_scalar(network *net, float initial, const char *name);

#endif
