/* Inside of a sweep, shared by sweep.c, sweep_run.c and sweep_slurm.c only.
 *
 * Thread rule: as sweep.h. */
#ifndef IRST_EVAL_EXPERIMENTS_SWEEP_PRIVATE_H
#define IRST_EVAL_EXPERIMENTS_SWEEP_PRIVATE_H

#include "eval/experiments/sweep.h"

typedef struct training {
    int method, data;
    char name[200];    /* METHOD.DATA.seedN */
    char prefix[4096]; /* FOLDER/train/NAME: the run folder, and the files' names without suffix */
} training;

typedef struct training_list {
    training *items;
    int count;
} training_list;

/* The trainings that are not finished, seed by seed, with their inis written. Free `items`. */
status sweep_missing(const experiment *e, const char *folder, training_list *out);

/* The program `train` in the folder of the running program. */
status sweep_program(char out[4096]);

#endif
