#include "modules/networks/unrolled.h"

layer_name unrolled_name(int stage, const char *module, const char *layer) {
    return layer_named("decos.%d.%s.%s", stage, module, layer);
}

static layer_name numbered(const layer_chain *chain, int number) {
    return layer_named("decos.%d.%s.%s.%d", chain->stage, chain->module, chain->sequence, number);
}

layer_name chain_norm(const layer_chain *chain) {
    return numbered(chain, chain->number);
}

layer_name chain_conv(const layer_chain *chain) {
    return numbered(chain, chain->number + (chain->norm == WITH_NORM ? 2 : 1));
}

/* The next convolution, and the norm in front of it. Without norms its own ReLU, if any, comes with it. */
static node *next_conv(network *net, const layer_chain *chain, node *x, int channels, activation act) {
    return chain->norm == WITH_NORM
               ? layer_norm_conv(net, x, channels, 3, chain_norm(chain).text, chain_conv(chain).text)
               : layer_conv(net, x, channels, 3, act, chain_conv(chain).text);
}

node *chain_begin(network *net, layer_chain *chain, node *x, int channels, int first_kernel, int layers) {
    activation act = chain->norm == WITH_NORM ? ACTIVATION_NONE : ACTIVATION_RELU;
    x = layer_conv(net, x, channels, first_kernel, act, numbered(chain, 0).text);
    chain->number = 1;
    for (int i = 0; i < layers; i++) {
        x = next_conv(net, chain, x, channels, ACTIVATION_RELU);
        chain->number += chain->norm == WITH_NORM ? 3 : 2;
    }
    return x;
}

node *chain_end(network *net, const layer_chain *chain, node *x, int channels) {
    return next_conv(net, chain, x, channels, ACTIVATION_NONE);
}
