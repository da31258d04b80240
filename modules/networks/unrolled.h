/* What the networks of unrolled stages (RPCANet, RPCANet+) share: names of layers, and the chains they are made of.
 *
 * Stage k calls its parts decos.K.lowrank (background), .sparse (target), .residual (noise) and .merge
 * (reconstruction), as the published checkpoints do. */
#ifndef IRST_MODULES_NETWORKS_UNROLLED_H
#define IRST_MODULES_NETWORKS_UNROLLED_H

#include "modules/layer_name.h"
#include "modules/network.h"

typedef enum normalised { WITHOUT_NORM, WITH_NORM } normalised;

/* "decos.STAGE.MODULE.LAYER"; stages count from 0 here. */
layer_name unrolled_name(int stage, const char *module, const char *layer);

/* A chain of convolutions in one module, a batch norm (WITH_NORM) and a ReLU behind each. PyTorch numbers all layers.
 */
typedef struct layer_chain {
    int stage;
    const char *module;   /* "lowrank" */
    const char *sequence; /* "convs" */
    normalised norm;
    int number; /* of the layer behind the last convolution */
} layer_chain;

/* x -> channels, then `layers` times channels -> channels. The norm behind the last convolution is left to what follows
 * (a ReLU without norm is not). */
node *chain_begin(network *net, layer_chain *chain, node *x, int channels, int first_kernel, int layers);

/* Names of the norm that was left, and of the convolution behind it. */
layer_name chain_norm(const layer_chain *chain);
layer_name chain_conv(const layer_chain *chain);

/* That norm, and the convolution to `channels`, without activation. */
node *chain_end(network *net, const layer_chain *chain, node *x, int channels);

#endif
