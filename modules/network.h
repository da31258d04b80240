/* Recording a network on a tape: the layers that networks are written with.
 *
 * Each layer names its parameters as the published checkpoints do. A parameter is created, and initialised, the first
 * time a layer asks for it; later recordings (another image size, training after inference) find it by name.
 *
 * Thread rule: one thread records on a tape; recordings that share parameters come one after the other, but for
 * those of twins (detector.h), which only read them. */
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
    bool is_blank;              /* weights stay 0: they will be read from somewhere */
    norm_statistics statistics; /* of the batch norms */
    bool training;              /* parameters have gradients on this tape */
    weight_init init;           /* set by the network's builder */
    int phase;                  /* of the training; the last one in inference */
    int more_stages;            /* repetitions of an unrolled network's last stage; 0 in training */
    const int64_t *step;        /* training steps made so far, for dropout; NULL in inference */
    int pooled_norms;           /* counted: batch norms by the batch that see one value of an image and channel */
} network;

/* Padding is dilation * (kernel / 2): with stride 1 an odd kernel keeps the size. */
typedef struct layer_options {
    int kernel;
    int stride, dilation; /* 0 is read as 1 */
    bool no_bias;
} layer_options;

/* Convolution with NAME.weight and NAME.bias. NULL if x is NULL or memory is out, as the builders of ops.h. */
node *layer_conv2d(network *net, node *x, int channels, layer_options options, const char *name);

/* The same, with stride 1 and a bias. */
node *layer_conv(network *net, node *x, int channels, int kernel, const char *name);

/* Batch norm: NAME.weight (1), .bias (0), .running_mean, .running_var, .num_batches_tracked. */
node *layer_batch_norm(network *net, node *x, const char *name);

/* Convolution, then batch norm. */
node *layer_conv_norm(network *net, node *x, int channels, layer_options options, const char *conv, const char *norm);

/* The 1x1 convolution whose weights are the sums of the kernels of the convolution NAME, which has `channels` outputs,
 * that kernel and no bias: what NAME makes of a map that is flat around each pixel. */
node *layer_summed_conv(network *net, node *x, int channels, int kernel, const char *name);

/* Squeeze-and-excitation (Hu et al., 2018): x times the gates sigmoid(conv1x1(relu(conv1x1(mean x)))), with C /
 * reduction channels between; the convolutions are NAME.excitation.0 and NAME.excitation.2. */
node *layer_squeeze_excite(network *net, node *x, int reduction, const char *name);

/* Says that what the layer NAME adds is found `gain` times in the logits. Nothing happens if it has no parameters. */
void network_mark_term(network *net, double gain, const char *name);

/* One learnable number. */
node *layer_scalar(network *net, float initial, const char *name);

#endif
