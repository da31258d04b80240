/* Optimizers: one step along the gradients of all parameters, with the arithmetic of PyTorch's optimizers.
 *
 * Every rule acts on each element of a parameter on its own, with a few numbers that it remembers of that element from
 * step to step. Adding one: its file, and a line of the list in optimizer.c. */
#ifndef IRST_TRAIN_OPTIMIZER_H
#define IRST_TRAIN_OPTIMIZER_H

#include "core/status.h"
#include "modules/parameter.h"

#include <stddef.h>
#include <stdint.h>

enum { OPTIMIZER_MEMORIES = 2 };

typedef struct optimizer optimizer;

/* A part of one parameter, element by element. */
typedef struct optimizer_part {
    size_t count;
    float *value;
    const float *grad;
    float *memory[OPTIMIZER_MEMORIES];
} optimizer_part;

typedef struct optimizer_rule {
    const char *name; /* "adam" */
    int memory_count;
    const char *memory_names[OPTIMIZER_MEMORIES]; /* their names in checkpoints; all start at 0 */
    void (*update)(const optimizer *o, double learning_rate, const optimizer_part *part);
} optimizer_rule;

extern const optimizer_rule optimizer_adam, optimizer_sgd, optimizer_adagrad;

typedef struct optimizer_options {
    const optimizer_rule *rule;
    double momentum;     /* of sgd */
    double weight_decay; /* this times the value is added to its gradient first */
} optimizer_options;

struct optimizer {
    optimizer_options options;
    const parameter_set *parameters;    /* must outlive it */
    float **memory[OPTIMIZER_MEMORIES]; /* of each parameter; NULL where it is not trained */
    int part_count;
    optimizer_part *parts; /* all that is trained, in pieces for the threads */
    int64_t step;          /* steps done */
};

const optimizer_rule *optimizer_find(const char *name); /* NULL and a STATUS_USAGE message if unknown */

status optimizer_new(const parameter_set *parameters, const optimizer_options *options, optimizer *out);
void optimizer_free(optimizer *o); /* accepts a zeroed struct */

/* Replaces the values by those after one step. */
void optimizer_step(optimizer *o, double learning_rate);

#endif
