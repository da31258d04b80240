/* Optimizers: one step along the gradients of all parameters.
 *
 * A rule sees a parameter with its name and shape, and a few numbers that it remembers of each element from step to
 * step. Adding one: its file in rules/, and a line of the list in optimizer.c.
 *
 * Thread rule: the thread that calls the engine, one optimizer at a time on each; rules are called by all of its
 * threads. */
#ifndef IRST_TRAIN_OPTIMIZER_H
#define IRST_TRAIN_OPTIMIZER_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "modules/parameter.h"
#include "train/rules/parameter_groups.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPTIMIZER_MEMORIES = 3 };

typedef struct optimizer optimizer;

/* A parameter, or a piece of it where its rule goes element by element. */
typedef struct optimizer_part {
    const parameter *p;
    size_t count;
    float *value;
    const float *grad;
    float *memory[OPTIMIZER_MEMORIES];
    double rate_factor; /* of train.rates and train.stages */
    double decay;       /* weight decay of this parameter */
    float *work;        /* rule.work floats */
    int64_t *step;      /* of the parameter: steps that have moved it, with the one being made */
} optimizer_part;

typedef struct optimizer_rule {
    const char *name; /* "adam" */
    int memory_count;
    const char *memory_names[OPTIMIZER_MEMORIES]; /* their names in checkpoints; all start at 0 */
    bool has_average;                             /* memory number `average` holds the weights to be used in the end */
    int average;
    bool whole;                         /* sees a parameter at once, not in pieces */
    size_t (*work)(const parameter *p); /* floats that a step needs besides; NULL: none */
    /* One step of a part at this rate, which has its factor already. `grad` is to be taken times o->grad_scale. */
    void (*update)(const optimizer *o, double rate, const optimizer_part *part);
} optimizer_rule;

extern const optimizer_rule optimizer_adam, optimizer_adamw, optimizer_sgd, optimizer_adagrad, optimizer_muon,
    optimizer_schedule_free;

typedef struct optimizer_options {
    const optimizer_rule *rule;
    double momentum;           /* of sgd and muon */
    double beta1, beta2;       /* of adam, adamw, schedule_free, and muon for what is no convolution */
    double epsilon;            /* likewise */
    double weight_decay;       /* see each rule */
    bool decay_weights_only;   /* not that of biases, norms and scalars */
    double clip_norm;          /* gradients are scaled down to this L2 norm, over all parameters; 0: they are not */
    parameter_values rates;    /* factors of the learning rate by name */
    bool balanced;             /* the rate of a parameter with a gain is divided by that, too */
    parameter_patterns frozen; /* names of parameters that stay as they are */
} optimizer_options;

struct optimizer {
    engine *engine; /* must outlive it */
    optimizer_options options;
    const parameter_set *parameters;    /* must outlive it */
    float **memory[OPTIMIZER_MEMORIES]; /* of each parameter; NULL where it is not trained */
    int part_count;
    optimizer_part *parts;           /* all that is trained, in pieces for the threads */
    double *squares;                 /* of each part: sum of its squared gradients */
    float grad_scale;                /* of the step being made: the clipping */
    int64_t step;                    /* steps done */
    int64_t *steps;                  /* of each parameter: those in which it was not idle */
    double largest_rate, weight_sum; /* of the steps done, and the sum of its squares: of schedule_free's average */
    double average_share;            /* of the step being made in that average */
};

const optimizer_rule *optimizer_find(const char *name); /* NULL and a STATUS_USAGE message if unknown */

/* PyTorch's defaults: betas 0.9 and 0.999, epsilon 1e-8, no decay; momentum 0.9. */
optimizer_options optimizer_defaults(const optimizer_rule *rule);

/* A pattern of rates or frozen that no parameter's name matches is STATUS_USAGE. */
status optimizer_new(engine *e, const parameter_set *parameters, const optimizer_options *options, optimizer *out);
void optimizer_free(optimizer *o); /* accepts a zeroed struct */

/* The L2 norm of all gradients that are trained, before any clipping; the same for every number of threads. */
double optimizer_gradient_norm(optimizer *o);

/* Replaces the values by those after one step. `norm`: what optimizer_gradient_norm has just said. Parameters that are
 * idle stay as they are, decay and momentum included, and their corrections for the first steps wait for them, as with
 * PyTorch's optimizers where a gradient is None. */
void optimizer_step(optimizer *o, double learning_rate, double norm);

/* The averaged weights that the rule itself keeps, of each parameter, NULL where it is not trained; NULL if the rule
 * keeps none. */
float *const *optimizer_average(const optimizer *o);

#endif
