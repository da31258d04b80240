/* The trainings of an experiment: one for each network, data set and seed that has no checkpoint, each a run of the
 * program `train` that stands beside this one.
 *
 * In FOLDER/train, NAME being METHOD.DATA.seedN: NAME.ini, what is to be trained, called NAME.done once it is;
 * NAME.check, what was found wrong with it, if anything was; NAME.log, the output; and the run folder NAME. Every
 * training is started with --resume: one that was stopped goes on from its last checkpoint.
 *
 * Thread rule: the main thread of a program, which hears its signals and waits for its children. */
#ifndef IRST_EVAL_EXPERIMENTS_SWEEP_H
#define IRST_EVAL_EXPERIMENTS_SWEEP_H

#include "core/base/status.h"
#include "eval/experiments/experiment.h"

#include <stdbool.h>
#include <stdint.h>

/* Trains what is missing, `jobs` at a time, each with its share of the threads, and prints a line for each that begins
 * or ends. Before the first, `train --check` looks one of each network and data set over: what is wrong with the
 * configuration or the data of any ends the sweep there. SIGINT and SIGTERM stop the trainings, which save themselves:
 * STATUS_INTERRUPTED. After a failure the others go on, unless the configuration was at fault. */
status sweep_train(const experiment *e, const char *folder, int jobs);

/* Writes FOLDER/sweep.slurm instead, a job array of what is missing; `jobs` of them at a time. */
status sweep_emit_slurm(const experiment *e, const char *folder, int jobs);

/* The checkpoint of a finished training; found is false if it is not finished. */
status sweep_checkpoint(const experiment *e, const char *folder, int method, int data, int64_t seed, char out[4096],
                        bool *found);

/* Where it stopped, whatever is evaluated; found is also false where that file was removed. */
status sweep_last_checkpoint(const experiment *e, const char *folder, int method, int data, int64_t seed,
                             char out[4096], bool *found);

/* Says on stderr, in a line each, which finished trainings are of other images or masks than their data sets hold now.
 * Reads every sample of the splits trained on; of one that cannot be read nothing is said. */
status sweep_say_changed(const experiment *e, const char *folder);

/* What the best checkpoint of a data set is chosen on: "the split val", "10 % of the training split", "the test split".
 */
void sweep_selection(const experiment *e, int data, char out[128]);

/* Whether the cell is trained here: a network without a checkpoint of its own. */
bool sweep_trains(const experiment *e, int method, int data);

#endif
