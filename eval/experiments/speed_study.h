/* How long methods take for an image. */
#ifndef IRST_EVAL_EXPERIMENTS_SPEED_STUDY_H
#define IRST_EVAL_EXPERIMENTS_SPEED_STUDY_H

#include "core/config/config.h"
#include "eval/experiments/experiment.h"

extern const config_key speed_keys[];
extern const int speed_key_count;

/* Refuses bad keys. */
status speed_study_check(const experiment *e);

/* Times every method on images of the first data set, at every size, and writes FOLDER/speed.csv, .md and .tex (median)
 * and speed_runs.csv (quantiles). A network without a checkpoint has random parameters: they change no time. */
status speed_study_write(const experiment *e, const char *folder);

#endif
