/* How methods stand noise: their figures over the level, averaged over seeds.
 *
 * Thread rule: one thread at a time for each experiment; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_NOISE_EXPERIMENT_H
#define IRST_EVAL_EXPERIMENTS_NOISE_EXPERIMENT_H

#include "datasets/vary/noise.h"
#include "eval/experiments/grid.h"

extern const config_key noise_keys[];
extern const int noise_key_count;
enum { NOISE_COLUMNS = 5 };
extern const grid_column noise_columns[NOISE_COLUMNS];

/* Refuses bad keys. */
status noise_check(const experiment *e);

/* The parts of an experiment_kind. Conditions are the levels of each kind of noise, the first of each being 0, the
 * clean image; value is the level, and a level is drawn with every seed of noise.seeds. */
status noise_conditions(grid *g);
void noise_name(const grid *g, const grid_place *at, char file[128], char key[256]);
status noise_measure(const grid *g, const grid_place *at, detector *d, const dataset *set, cell *out);
status noise_summarise(const grid *g, table *t);

/* The noise of a condition, drawn with a seed by index; and the same as something done to every image. */
noise noise_of(const experiment *e, const grid_condition *c, int draw);
sample_variation noise_variation(const noise *n);

/* "Gaussian noise", "variance". */
const char *noise_title(noise_kind kind);
const char *noise_unit(noise_kind kind);

/* Writes FOLDER/noise_seeds.csv, every seed, and DATA_KIND.png and .svg: mIoU, F1, Pd, Fa of all methods over the
 * level; these also into a page. */
status noise_curves_write(const grid *g, struct html_page *page);

#endif
