/* How long methods take for an image.
 *
 * Thread rule: one thread at a time for each experiment; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_SPEED_EXPERIMENT_H
#define IRST_EVAL_EXPERIMENTS_SPEED_EXPERIMENT_H

#include "eval/experiments/grid.h"

extern const config_key speed_keys[];
extern const int speed_key_count;

/* Refuses bad keys. */
status speed_check(const experiment *e);

/* The parts of an experiment_kind: a condition for each size, a cell being the times of images of that size in turn. */
status speed_conditions(grid *g);
void speed_name(const grid *g, const grid_place *at, char file[128], char key[256]);
status speed_measure(const grid *g, const grid_place *at, detector *d, const dataset *set, cell *out);
status speed_summarise(const grid *g, table *t);

/* Writes FOLDER/speed_runs.csv: the quantiles of each timing. */
status speed_runs_write(const grid *g, const table *t, struct html_page *page);

#endif
