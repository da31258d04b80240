/* The one program of all experiments: its command line, trainings, measurements, table and pictures.
 *
 * Thread rule: the main thread of a program. */
#ifndef IRST_EVAL_EXPERIMENTS_EXPERIMENT_PROGRAM_H
#define IRST_EVAL_EXPERIMENTS_EXPERIMENT_PROGRAM_H

#include "eval/experiments/grid.h"

/* The whole program; its exit code. */
int experiment_main(const experiment_kind *kind, int argc, char **argv);

/* A method with the checkpoint that is given, or that of the training with the first seed, and the range of grey values
 * that its images are to be spread from. A training that is not finished is STATUS_INPUT. */
status program_detector(const experiment *e, const char *folder, int method, int data, detector **out,
                        grey_range *range);

#endif
