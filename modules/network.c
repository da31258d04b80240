#include "modules/network.h"

#include "core/rng.h"

#include <math.h>
#include <stdio.h>

typedef struct full_name {
    char text[192];
} full_name;

static full_name join(const char *name, const char *part) {
    full_name out;
    snprintf(out.text, sizeof out.text, "%s.%s", name, part);
    return out;
}

/* The parameter of that name; *created tells whether it is new and wants its initial value. */
static parameter *obtain(network *net, parameter_kind kind, int rank, const int *shape, const char *name,
                         bool *created) {
    parameter *p = parameter_find(net->parameters, name);
    *created = !p;
    return p ? p : parameter_add(net->parameters, kind, rank, shape, "%s", name);
}

static node *as_node(const network *net, parameter *p) {
    if (!p)
        return NULL;
    int shape[4] = {1, 1, 1, 1};
    if (p->rank == 4)
        for (int i = 0; i < 4; i++)
            shape[i] = p->shape[i];
    else
        shape[1] = (int)p->count; /* a vector: one number per channel */
    float *grad = net->training ? p->grad : NULL;
    return tape_parameter(net->t, shape[0], shape[1], shape[2], shape[3], p->value, grad);
}

static parameter *vector(network *net, parameter_kind kind, int count, float initial, const char *name) {
    bool created;
    int shape[] = {count};
    parameter *p = obtain(net, kind, 1, shape, name, &created);
    for (size_t i = 0; p && created && i < p->count; i++)
        p->value[i] = initial;
    return p;
}

static parameter *conv_weight(network *net, int oc, int ic, int kernel, const char *name) {
    bool created;
    int shape[] = {oc, ic, kernel, kernel};
    parameter *p = obtain(net, PARAMETER_TRAINED, 4, shape, name, &created);
    if (p && created) {
        double deviation = sqrt(2.0 / ((double)kernel * kernel * (ic + oc)));
        rng r = rng_new(net->seed, rng_stream_of(name));
        for (size_t i = 0; i < p->count; i++)
            p->value[i] = (float)(deviation * rng_normal(&r));
    }
    return p;
}

static parameter *conv_bias(network *net, int oc, int fan_in, const char *name) {
    bool created;
    parameter *p = obtain(net, PARAMETER_TRAINED, 1, &oc, name, &created);
    if (p && created) {
        double bound = 1 / sqrt(fan_in);
        rng r = rng_new(net->seed, rng_stream_of(name));
        for (size_t i = 0; i < p->count; i++)
            p->value[i] = (float)(bound * (2 * rng_uniform(&r) - 1));
    }
    return p;
}

node *layer_conv(network *net, node *x, int channels, int kernel, activation act, const char *name) {
    if (!x)
        return NULL;
    int ic = x->value.c;
    node *weight = as_node(net, conv_weight(net, channels, ic, kernel, join(name, "weight").text));
    node *bias = as_node(net, conv_bias(net, channels, ic * kernel * kernel, join(name, "bias").text));
    conv2d_options options = {.stride = 1, .padding = kernel / 2, .dilation = 1, .activation = act};
    return weight && bias ? conv2d(net->t, x, weight, bias, options) : NULL;
}

node *layer_norm(network *net, node *x, activation act, const char *name) {
    if (!x)
        return NULL;
    int c = x->value.c;
    parameter *weight = vector(net, PARAMETER_TRAINED, c, 1, join(name, "weight").text);
    parameter *bias = vector(net, PARAMETER_TRAINED, c, 0, join(name, "bias").text);
    parameter *mean = vector(net, PARAMETER_STATISTIC, c, 0, join(name, "running_mean").text);
    parameter *var = vector(net, PARAMETER_STATISTIC, c, 1, join(name, "running_var").text);
    bool created;
    parameter *batches = obtain(net, PARAMETER_COUNTER, 0, NULL, join(name, "num_batches_tracked").text, &created);
    if (!weight || !bias || !mean || !var || !batches)
        return NULL;
    return batch_norm(net->t, x, as_node(net, weight), as_node(net, bias),
                      (batch_norm_options){.statistics = net->statistics,
                                           .activation = act,
                                           .running_mean = mean->value,
                                           .running_var = var->value,
                                           .batches = batches->value});
}

node *layer_squeeze_excite(network *net, node *x, int reduction, const char *name) {
    if (!x)
        return NULL;
    int channels = x->value.c, hidden = channels / reduction > 0 ? channels / reduction : 1;
    node *squeezed = global_average_pool(net->t, x);
    node *h = layer_conv(net, squeezed, hidden, 1, ACTIVATION_RELU, join(name, "excitation.0").text);
    node *gate = sigmoid(net->t, layer_conv(net, h, channels, 1, ACTIVATION_NONE, join(name, "excitation.2").text));
    return channel_scale(net->t, x, gate);
}

node *layer_scalar(network *net, float initial, const char *name) {
    return as_node(net, vector(net, PARAMETER_TRAINED, 1, initial, name));
}
