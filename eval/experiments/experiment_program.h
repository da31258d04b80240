/* The one program of all experiments: its command line, trainings, measurements, table and pictures.
 *
 * Thread rule: the main thread of a program. */
#ifndef IRST_EVAL_EXPERIMENTS_EXPERIMENT_PROGRAM_H
#define IRST_EVAL_EXPERIMENTS_EXPERIMENT_PROGRAM_H

#include "eval/experiments/grid.h"

/* The whole program; its exit code. */
int experiment_main(const experiment_kind *kind, int argc, char **argv);

/* A method with the checkpoint that is given, or that of the training with the first seed, and how it is to be judged.
 */
typedef struct judged_detector {
    detector *d;
    grey_range range; /* of grey values that its images are spread from */
    scoring how;      /* how.threshold may point to the next */
    double threshold;
} judged_detector;

/* A training that is not finished is STATUS_INPUT. Free out->d with detector_free. */
status program_detector(const experiment *e, const char *folder, int method, int data, judged_detector *out);

#endif
