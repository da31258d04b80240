#include "modules/network.h"

#include "core/base/rng.h"
#include "core/conv/conv_pair.h"
#include "modules/layer_name.h"

#include <math.h>

static layer_name join(const char *name, const char *part) {
    return layer_named("%s.%s", name, part);
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

static void fill_normal(const network *net, const parameter *p, double deviation) {
    rng r = rng_new(net->seed, rng_stream_of(p->name));
    for (size_t i = 0; i < p->count; i++)
        p->value[i] = (float)(deviation * rng_normal(&r));
}

static void fill_uniform(const network *net, const parameter *p, double bound) {
    rng r = rng_new(net->seed, rng_stream_of(p->name));
    for (size_t i = 0; i < p->count; i++)
        p->value[i] = (float)(bound * (2 * rng_uniform(&r) - 1));
}

static parameter *conv_weight(network *net, int oc, int ic, int kernel, const char *name) {
    bool created;
    int shape[] = {oc, ic, kernel, kernel};
    parameter *p = obtain(net, PARAMETER_TRAINED, 4, shape, name, &created);
    if (!p || !created)
        return p;
    double window = (double)kernel * kernel;
    switch (net->init) {
    case INIT_XAVIER_NORMAL:
        fill_normal(net, p, sqrt(2.0 / (window * (ic + oc))));
        break;
    case INIT_UNIFORM_FAN_IN:
        fill_uniform(net, p, 1 / sqrt(window * ic));
        break;
    case INIT_KAIMING_FAN_OUT:
        fill_normal(net, p, sqrt(2.0 / (window * oc)));
        break;
    }
    return p;
}

static parameter *conv_bias(network *net, int oc, int fan_in, const char *name) {
    bool created;
    parameter *p = obtain(net, PARAMETER_TRAINED, 1, &oc, name, &created);
    if (p && created)
        fill_uniform(net, p, 1 / sqrt(fan_in));
    return p;
}

typedef struct conv_nodes {
    node *weight, *bias;
} conv_nodes;

static node *weight_node(network *net, int ic, int oc, int kernel, const char *name) {
    return as_node(net, conv_weight(net, oc, ic, kernel, join(name, "weight").text));
}

static node *bias_node(network *net, int ic, int oc, int kernel, const char *name) {
    return as_node(net, conv_bias(net, oc, ic * kernel * kernel, join(name, "bias").text));
}

static conv_nodes conv_parameters(network *net, int ic, int oc, int kernel, const char *name) {
    node *weight = weight_node(net, ic, oc, kernel, name);
    return (conv_nodes){weight, bias_node(net, ic, oc, kernel, name)};
}

static conv2d_options conv_options_of(layer_options o) {
    int stride = o.stride ? o.stride : 1, dilation = o.dilation ? o.dilation : 1;
    return (conv2d_options){
        .stride = stride, .padding = dilation * (o.kernel / 2), .dilation = dilation, .activation = o.activation};
}

/* The bias is NULL where there is to be none; false if a parameter is missing. */
static bool optional_bias_parameters(network *net, int ic, int oc, layer_options o, const char *name, conv_nodes *out) {
    out->weight = weight_node(net, ic, oc, o.kernel, name);
    out->bias = o.no_bias ? NULL : bias_node(net, ic, oc, o.kernel, name);
    return out->weight && (out->bias || o.no_bias);
}

node *layer_conv2d(network *net, node *x, int channels, layer_options options, const char *name) {
    conv_nodes p;
    if (!x || !optional_bias_parameters(net, x->value.c, channels, options, name, &p))
        return NULL;
    return conv2d(net->t, x, p.weight, p.bias, conv_options_of(options));
}

node *layer_conv(network *net, node *x, int channels, int kernel, activation act, const char *name) {
    return layer_conv2d(net, x, channels, (layer_options){.kernel = kernel, .activation = act}, name);
}

static norm_inputs norm_parameters(network *net, int channels, activation act, const char *name) {
    parameter *weight = vector(net, PARAMETER_TRAINED, channels, 1, join(name, "weight").text);
    parameter *bias = vector(net, PARAMETER_TRAINED, channels, 0, join(name, "bias").text);
    parameter *mean = vector(net, PARAMETER_STATISTIC, channels, 0, join(name, "running_mean").text);
    parameter *var = vector(net, PARAMETER_STATISTIC, channels, 1, join(name, "running_var").text);
    bool created;
    parameter *batches = obtain(net, PARAMETER_COUNTER, 0, NULL, join(name, "num_batches_tracked").text, &created);
    if (!weight || !bias || !mean || !var || !batches)
        return (norm_inputs){0};
    return (norm_inputs){as_node(net, weight),
                         as_node(net, bias),
                         {.statistics = net->statistics,
                          .activation = act,
                          .running_mean = mean->value,
                          .running_var = var->value,
                          .batches = batches->value}};
}

node *layer_batch_norm(network *net, node *x, activation act, const char *name) {
    if (!x)
        return NULL;
    norm_inputs norm = norm_parameters(net, x->value.c, act, name);
    return norm.weight ? batch_norm(net->t, x, norm.weight, norm.bias, norm.options) : NULL;
}

node *layer_conv_norm(network *net, node *x, int channels, layer_options options, const char *conv, const char *norm) {
    activation act = options.activation;
    options.activation = ACTIVATION_NONE;
    return layer_batch_norm(net, layer_conv2d(net, x, channels, options, conv), act, norm);
}

/* Where there is nothing to train, *x is normalised at once, by a node that tape_fold_batch_norms folds away; else the
 * norm is left to the operation that reads x. */
static const norm_inputs *norm_now_or_later(network *net, node **x, norm_inputs *norm) {
    if (net->training)
        return norm;
    *x = norm->weight ? batch_norm(net->t, *x, norm->weight, norm->bias, norm->options) : NULL;
    return NULL;
}

node *layer_norm_conv2d(network *net, node *x, int channels, layer_options options, const char *norm,
                        const char *conv) {
    if (!x)
        return NULL;
    norm_inputs own = norm_parameters(net, x->value.c, ACTIVATION_RELU, norm);
    const norm_inputs *later = norm_now_or_later(net, &x, &own);
    if (!later)
        return layer_conv2d(net, x, channels, options, conv);
    conv_nodes p;
    bool complete = optional_bias_parameters(net, x->value.c, channels, options, conv, &p) && own.weight;
    return complete ? norm_conv2d(net->t, x, later, p.weight, p.bias, conv_options_of(options)) : NULL;
}

node *layer_norm_conv(network *net, node *x, int channels, int kernel, const char *norm, const char *conv) {
    return layer_norm_conv2d(net, x, channels, (layer_options){.kernel = kernel}, norm, conv);
}

static gate_inputs gate_parameters(network *net, int channels, int reduction, const char *name) {
    int hidden = channels / reduction > 0 ? channels / reduction : 1;
    conv_nodes first = conv_parameters(net, channels, hidden, 1, join(name, "excitation.0").text);
    conv_nodes second = conv_parameters(net, hidden, channels, 1, join(name, "excitation.2").text);
    return (gate_inputs){first.weight, first.bias, second.weight, second.bias};
}

node *layer_gated_conv(network *net, node *x, int channels, int reduction, const gated_names *names) {
    if (!x)
        return NULL;
    norm_inputs own;
    const norm_inputs *norm = NULL;
    int ic = x->value.c;
    if (names->norm) {
        own = norm_parameters(net, ic, ACTIVATION_RELU, names->norm);
        norm = norm_now_or_later(net, &x, &own);
    }
    gate_inputs gate = gate_parameters(net, ic, reduction, names->gates);
    conv_nodes conv = conv_parameters(net, ic, channels, 3, names->conv);
    return gated_conv2d(net->t, x, norm, gate, conv.weight, conv.bias);
}

node *layer_gated_conv_pair(network *net, node *x, int wide, int reduction, const char *first,
                            const gated_names *names) {
    if (!x)
        return NULL;
    if (!conv_pair_fits(&x->value)) { /* images of one or two rows or columns */
        x = names->norm ? layer_norm_conv(net, x, wide, 3, names->norm, first)
                        : layer_conv(net, x, wide, 3, ACTIVATION_NONE, first);
        return layer_gated_conv(net, x, 1, reduction, &(gated_names){NULL, names->gates, names->conv});
    }
    norm_inputs own;
    const norm_inputs *norm = NULL;
    int ic = x->value.c;
    if (names->norm) {
        own = norm_parameters(net, ic, ACTIVATION_RELU, names->norm);
        norm = norm_now_or_later(net, &x, &own);
    }
    conv_nodes w = conv_parameters(net, ic, wide, 3, first);
    gate_inputs gate = gate_parameters(net, wide, reduction, names->gates);
    conv_nodes v = conv_parameters(net, wide, 1, 3, names->conv);
    return gated_conv_pair(net->t, x, norm, w.weight, w.bias, gate, v.weight, v.bias);
}

node *layer_scalar(network *net, float initial, const char *name) {
    return as_node(net, vector(net, PARAMETER_TRAINED, 1, initial, name));
}
