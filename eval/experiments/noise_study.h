/* How methods stand noise: their figures over the level, averaged over seeds. */
#ifndef IRST_EVAL_EXPERIMENTS_NOISE_STUDY_H
#define IRST_EVAL_EXPERIMENTS_NOISE_STUDY_H

#include "core/config/config.h"
#include "datasets/vary/noise.h"
#include "eval/experiments/cell.h"
#include "eval/experiments/experiment.h"
#include "eval/experiments/number_list.h"

extern const config_key noise_keys[];
extern const int noise_key_count;

/* Refuses bad keys. */
status noise_study_check(const experiment *e);

/* Evaluates what is not stored in FOLDER/cells yet, then writes
 *   noise.csv, .md, .tex       means over the seeds, with their spread
 *   noise_seeds.csv            every seed
 *   DATA_KIND.png, .svg        mIoU, F1, Pd, Fa of all methods over the level
 *   DATA_NAME_KIND.png         noisy images, and what the methods find in them
 * and prints the first as a document. */
status noise_study_write(const experiment *e, const char *folder);

/* --- shared by noise_study.c and noise_report.c --- */

typedef struct noise_study {
    const experiment *e;
    const char *folder;
    number_list levels[2]; /* by kind; the first level is 0, the clean image */
    number_list seeds;
    noise_place place;
    noise_range range;
    cell *cells; /* see noise_study_cell */
} noise_study;

/* Seeds behind the figures of a level: the clean image needs none. */
int noise_study_seeds(const noise_study *s, int level);
cell *noise_study_cell(const noise_study *s, int data, int method, noise_kind kind, int level, int seed);
/* The noise of a level and seed, by index. */
noise noise_study_noise(const noise_study *s, noise_kind kind, int level, int seed);
/* That noise on every image; level 0 needs none. */
sample_variation noise_study_variation(const noise *n);
/* "Gaussian noise", "variance". */
const char *noise_study_title(noise_kind kind);
const char *noise_study_unit(noise_kind kind);

status noise_report_write(const noise_study *s);
status noise_examples_write(const noise_study *s);

#endif
