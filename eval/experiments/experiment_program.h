/* What eval-noise, eval-figures and eval-speed share: the command line, and networks that are trained first. */
#ifndef IRST_EVAL_EXPERIMENTS_EXPERIMENT_PROGRAM_H
#define IRST_EVAL_EXPERIMENTS_EXPERIMENT_PROGRAM_H

#include "core/base/status.h"
#include "core/config/config.h"
#include "eval/experiments/experiment.h"

typedef enum program_training { TRAINS_NOTHING, TRAINS_WHAT_IS_MISSING } program_training;

typedef struct experiment_program {
    const char *name, *summary, *examples; /* as in cli_program */
    const config_key *keys;                /* its own, besides those of an experiment */
    const int *key_count;
    program_training training;
    status (*check)(const experiment *e);                     /* of its own keys, before any work */
    status (*write)(const experiment *e, const char *folder); /* does the work; the folder exists */
} experiment_program;

/* The whole program; its exit code. */
int experiment_main(const experiment_program *program, int argc, char **argv);

/* The checkpoint of a method on a data set: the one given, or the one trained in the folder with the first seed; empty
 * for a method without parameters. A training that is not finished is STATUS_INPUT. */
status program_checkpoint(const experiment *e, const char *folder, int method, int data, char out[4096]);

/* The method with it. */
status program_detector(const experiment *e, const char *folder, int method, int data, detector **out);

#endif
