#include "modules/network.h"

#include "core/base/rng.h"
#include "modules/layer_name.h"

#include <math.h>

static layer_name join(const char *name, const char *part) {
    return layer_named("%s.%s", name, part);
}

/* Networks of this field have some millions. Options that stand in a file must not take all memory before its tensors
 * are looked for. */
#define MOST_ELEMENTS ((size_t)1 << 28)

static bool has_room(const parameter_set *set, int rank, const int *shape) {
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(count, (size_t)shape[i], &count))
            return false;
    return count <= MOST_ELEMENTS - set->elements;
}

static parameter *add_parameter(network *net, parameter_kind kind, int rank, const int *shape, const char *name) {
    if (!has_room(net->parameters, rank, shape)) {
        tape_note_failure(net->t, status_fail(STATUS_USAGE, "the network has more than %zu parameters", MOST_ELEMENTS));
        return NULL;
    }
    parameter *p = parameter_add(net->parameters, kind, rank, shape, "%s", name);
    if (!p)
        tape_note_failure(net->t, status_fail(STATUS_MEMORY, "out of memory for the parameters of a network"));
    return p;
}

/* The parameter of that name; *created tells whether it is new and wants its initial value. */
static parameter *obtain(network *net, parameter_kind kind, int rank, const int *shape, const char *name,
                         bool *created) {
    parameter *p = parameter_find(net->parameters, name);
    *created = !p;
    return p ? p : add_parameter(net, kind, rank, shape, name);
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
    if (net->training)
        tape_note_failure(net->t, parameter_make_gradient(p));
    return tape_parameter(net->t, shape[0], shape[1], shape[2], shape[3], p->value, net->training ? p->grad : NULL);
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
    if (net->is_blank)
        return;
    rng r = rng_new(net->seed, rng_stream_of(p->name));
    for (size_t i = 0; i < p->count; i++)
        p->value[i] = (float)(deviation * rng_normal(&r));
}

static void fill_uniform(const network *net, const parameter *p, double bound) {
    if (net->is_blank)
        return;
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

static conv2d_options conv_options_of(layer_options o) {
    int stride = o.stride ? o.stride : 1, dilation = o.dilation ? o.dilation : 1;
    return (conv2d_options){.stride = stride, .padding = dilation * (o.kernel / 2), .dilation = dilation};
}

node *layer_conv2d(network *net, node *x, int channels, layer_options options, const char *name) {
    if (!x)
        return NULL;
    int ic = x->value.c, fan_in = ic * options.kernel * options.kernel;
    node *weight = as_node(net, conv_weight(net, channels, ic, options.kernel, join(name, "weight").text));
    node *bias = options.no_bias ? NULL : as_node(net, conv_bias(net, channels, fan_in, join(name, "bias").text));
    if (!weight || (!bias && !options.no_bias))
        return NULL;
    return conv2d(net->t, x, weight, bias, conv_options_of(options));
}

node *layer_conv(network *net, node *x, int channels, int kernel, const char *name) {
    return layer_conv2d(net, x, channels, (layer_options){.kernel = kernel}, name);
}

node *layer_batch_norm(network *net, node *x, const char *name) {
    if (!x)
        return NULL;
    int channels = x->value.c;
    parameter *weight = vector(net, PARAMETER_TRAINED, channels, 1, join(name, "weight").text);
    parameter *bias = vector(net, PARAMETER_TRAINED, channels, 0, join(name, "bias").text);
    parameter *mean = vector(net, PARAMETER_STATISTIC, channels, 0, join(name, "running_mean").text);
    parameter *var = vector(net, PARAMETER_STATISTIC, channels, 1, join(name, "running_var").text);
    bool created;
    parameter *batches = obtain(net, PARAMETER_COUNTER, 0, NULL, join(name, "num_batches_tracked").text, &created);
    if (!weight || !bias || !mean || !var || !batches)
        return NULL;
    net->pooled_norms += net->statistics == NORM_BATCH && x->value.h * x->value.w == 1;
    return batch_norm(net->t, x, as_node(net, weight), as_node(net, bias),
                      (batch_norm_options){.statistics = net->statistics,
                                           .running_mean = mean->value,
                                           .running_var = var->value,
                                           .batches = batches->value});
}

node *layer_conv_norm(network *net, node *x, int channels, layer_options options, const char *conv, const char *norm) {
    return layer_batch_norm(net, layer_conv2d(net, x, channels, options, conv), norm);
}

node *layer_summed_conv(network *net, node *x, int channels, int kernel, const char *name) {
    if (!x)
        return NULL;
    node *weight = as_node(net, conv_weight(net, channels, x->value.c, kernel, join(name, "weight").text));
    return conv2d(net->t, x, kernel_sums(net->t, weight), NULL, conv_options_of((layer_options){.kernel = 1}));
}

node *layer_squeeze_excite(network *net, node *x, int reduction, const char *name) {
    if (!x)
        return NULL;
    int channels = x->value.c, hidden = channels / reduction > 0 ? channels / reduction : 1;
    node *squeezed = global_average_pool(net->t, x);
    node *s = relu(net->t, layer_conv(net, squeezed, hidden, 1, join(name, "excitation.0").text));
    node *gates = sigmoid(net->t, layer_conv(net, s, channels, 1, join(name, "excitation.2").text));
    return channel_scale(net->t, x, gates);
}

void network_mark_term(network *net, double gain, const char *name) {
    const char *const parts[] = {"weight", "bias"};
    for (int i = 0; i < 2; i++) {
        parameter *p = parameter_find(net->parameters, join(name, parts[i]).text);
        if (p && p->gain != gain) /* twins, which record at the same time, only read */
            p->gain = gain;
    }
}

node *layer_scalar(network *net, float initial, const char *name) {
    return as_node(net, vector(net, PARAMETER_TRAINED, 1, initial, name));
}
