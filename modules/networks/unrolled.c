#include "modules/networks/unrolled.h"

#include <math.h>

layer_name unrolled_name(int stage, const char *module, const char *layer) {
    return layer_named("decos.%d.%s.%s", stage, module, layer);
}

layer_name sequence_last(const layer_sequence *s) {
    return layer_named("decos.%d.%s.%s.%d", s->stage, s->module, s->sequence, s->next - 1);
}

node *sequence_conv(network *net, layer_sequence *s, node *x, int channels, int kernel) {
    s->next++;
    return layer_conv(net, x, channels, kernel, sequence_last(s).text);
}

node *sequence_activation(network *net, layer_sequence *s, node *x) {
    s->next++;
    if (s->norm == WITH_NORM) {
        x = layer_batch_norm(net, x, sequence_last(s).text);
        s->next++;
    }
    return relu(net->t, x);
}

node *sequence_convs(network *net, layer_sequence *s, node *x, int channels, int first_kernel, int layers) {
    x = sequence_conv(net, s, x, channels, first_kernel);
    for (int i = 0; i < layers; i++)
        x = sequence_conv(net, s, sequence_activation(net, s, x), channels, 3);
    return x;
}

node *sequence_map(network *net, layer_sequence *s, node *x, int channels, int layers) {
    x = sequence_convs(net, s, x, channels, 3, layers);
    return sequence_conv(net, s, sequence_activation(net, s, x), 1, 3);
}

int unrolled_weights(int k, int K) {
    return k < K ? k : K - 1;
}

void unrolled_mark_terms(network *net, int k, int K, const char *W, const char *H) {
    if (k > K)
        return;
    network_mark_term(net, ldexp(1, K - k), W);
    network_mark_term(net, ldexp(1, K - k), H);
}
