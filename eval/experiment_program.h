/* What eval-noise, eval-figures and eval-speed share: the command line. */
#ifndef IRST_EVAL_EXPERIMENT_PROGRAM_H
#define IRST_EVAL_EXPERIMENT_PROGRAM_H

#include "core/config.h"
#include "core/status.h"
#include "eval/experiment.h"

typedef struct experiment_program {
    const char *name, *summary, *examples; /* as in cli_program */
    const config_key *keys;                /* its own, besides those of an experiment */
    const int *key_count;
    status (*write)(const experiment *e, const char *folder); /* does the work */
} experiment_program;

/* The whole program; its exit code. */
int experiment_main(const experiment_program *program, int argc, char **argv);

#endif
