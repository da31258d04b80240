/* What the networks of unrolled stages (RPCANet, RPCANet+, RPCANet++, DRPCA-Net) share: names of layers, and the
 * sequences they are made of.
 *
 * Stage k calls its parts decos.K.lowrank (background), .sparse (target), .residual (noise) and .merge
 * (reconstruction), as the published checkpoints do.
 *
 * Thread rule: one thread records on a tape. */
#ifndef IRST_MODULES_NETWORKS_UNROLLED_H
#define IRST_MODULES_NETWORKS_UNROLLED_H

#include "modules/layer_name.h"
#include "modules/network.h"

/* "decos.STAGE.MODULE.LAYER"; stages count from 0 here. */
layer_name unrolled_name(int stage, const char *module, const char *layer);

typedef enum normalised { WITHOUT_NORM, WITH_NORM } normalised;

/* Layers in a row, decos.STAGE.MODULE.SEQUENCE.0, .1, ...: PyTorch numbers them all, those without parameters too. */
typedef struct layer_sequence {
    int stage;
    const char *module;   /* "lowrank" */
    const char *sequence; /* "convs" */
    normalised norm;      /* whether its activations begin with a batch norm */
    int next;             /* number of the next layer */
} layer_sequence;

/* The next layer: a convolution to `channels`. */
node *sequence_conv(network *net, layer_sequence *s, node *x, int channels, int kernel);

/* The next one or two: [batch norm and] ReLU. */
node *sequence_activation(network *net, layer_sequence *s, node *x);

/* conv 1 -> channels, then `layers` times the activation and a 3x3 convolution channels -> channels. */
node *sequence_convs(network *net, layer_sequence *s, node *x, int channels, int first_kernel, int layers);

/* `layers` times channels -> channels between 1 -> channels and channels -> 1, all of them 3x3. */
node *sequence_map(network *net, layer_sequence *s, node *x, int channels, int layers);

/* The stage, from 0, whose weights stage k has: its own, or those of the last of K where that is repeated (struct
 * network, more_stages). */
int unrolled_weights(int k, int K);

/* Marks the last layers of W^k and H^k, stage k = 1 .. K, with how many times the logits T^K hold them. With B^k = x +
 * W^k, x = D^{k-1} - T^{k-1} - N^{k-1}, and T^k = T^{k-1} + D^{k-1} - B^k - N^{k-1} - epsilon^k H^k,
 *
 *     T^k = 2 T^{k-1} - W^k - epsilon^k H^k,
 *
 * so every stage doubles what those before it have added: 2^(K - k) times. Repetitions, k > K, mark nothing. */
void unrolled_mark_terms(network *net, int k, int K, const char *W, const char *H);

/* Name of the layer recorded last. */
layer_name sequence_last(const layer_sequence *s);

#endif
