/* Recording a network on a tape: the layers that networks are written with.
 *
 * Each layer names its parameters as the published checkpoints do. A parameter is created, and initialised, the first
 * time a layer asks for it; later recordings (another image size, training after inference) find it by name. */
#ifndef IRST_MODULES_NETWORK_H
#define IRST_MODULES_NETWORK_H

#include "autograd/ops.h"
#include "modules/parameter.h"

#include <stdint.h>

typedef struct network {
    tape *t;
    parameter_set *parameters;
    uint64_t seed;              /* of the initialisation; each parameter has its own random stream */
    norm_statistics statistics; /* of the batch norms */
    bool training;              /* parameters have gradients on this tape */
} network;

/* Convolution, stride 1, "same" padding: NAME.weight (Xavier-normal) and NAME.bias (uniform within
 * 1 / sqrt(fan-in)). NULL if x is NULL or memory is out, as the builders of ops.h. */
node *layer_conv(network *net, node *x, int channels, int kernel, activation act, const char *name);

/* Batch norm: NAME.weight (1), .bias (0), .running_mean, .running_var, .num_batches_tracked. */
node *layer_norm(network *net, node *x, activation act, const char *name);

/* Squeeze-and-excitation (Hu et al., 2018): x times the gates
 * sigmoid(conv1x1(relu(conv1x1(mean x)))), NAME.excitation.0 and .2, C / reduction channels between. */
node *layer_squeeze_excite(network *net, node *x, int reduction, const char *name);

/* One learnable number. */
node *layer_scalar(network *net, float initial, const char *name);

#endif
