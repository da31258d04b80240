/* Parameters of a network by name, in the order of the reference network's state_dict.
 *
 * Thread rule: one thread changes a set or its values; while none does, any number may read them. */
#ifndef IRST_MODULES_PARAMETER_H
#define IRST_MODULES_PARAMETER_H

#include "core/base/status.h"
#include "core/tensor/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum parameter_kind {
    PARAMETER_TRAINED,   /* has a gradient */
    PARAMETER_STATISTIC, /* running mean or variance of a batch norm */
    PARAMETER_COUNTER    /* number of batches seen by a batch norm; an integer, kept in files as int64 */
} parameter_kind;

typedef struct parameter {
    char *name; /* as in the published checkpoints: "decos.0.lowrank.convs.0.weight" */
    parameter_kind kind;
    int rank;     /* 0 .. 4, as PyTorch shows it */
    int shape[4]; /* weights of a convolution: output, input, rows, columns */
    size_t count; /* number of elements */
    float *value; /* dense, row-major, `count` elements */
    float *grad;  /* same; NULL unless PARAMETER_TRAINED, and before parameter_make_gradient */
    bool idle;    /* what is being trained does not depend on it: no step moves it */
    /* Of the layers that an unrolled network's stages end with: how many times the logits hold what they add, see
     * network_mark_term. 0: of another layer. */
    double gain;
    /* Of a convolution's weights, for int8: upper ends of the output range of the ReLU that follows, one a channel,
     * then the channels' means (calibration.h); NULL: not known. */
    float *ranges;
} parameter;

typedef struct parameter_set {
    int count;
    int capacity;
    size_t elements;   /* of all its parameters */
    parameter **items; /* owned; addresses stay valid while the set lives */
} parameter_set;

void parameter_set_free(parameter_set *set); /* accepts a zeroed struct */

/* Adds a parameter of zeros. `name` is a printf format. NULL if memory is out. */
parameter *parameter_add(parameter_set *set, parameter_kind kind, int rank, const int *shape, const char *name, ...)
    __attribute__((format(printf, 5, 6)));
parameter *parameter_find(const parameter_set *set, const char *name); /* NULL if there is none */

/* Brings the parameters into the order of the prefixes (NULL-terminated) that their names begin with; those of one
 * prefix stay in their order, the others come last. */
void parameter_set_order(parameter_set *set, const char *const *prefixes);

int64_t parameter_count_trained(const parameter_set *set); /* elements that are trained: "#params" of a table */

/* Room for the ranges of a parameter of rank 4 and the means after them, as many each as its first side, where there is
 * none yet. */
status parameter_make_ranges(parameter *p);

/* Room for the gradient of a parameter that is trained and has none yet, with zeros in it; for all of a set. */
status parameter_make_gradient(parameter *p);
status parameter_set_make_gradients(const parameter_set *set);
void parameter_clear_gradients(const parameter_set *set);

#endif
