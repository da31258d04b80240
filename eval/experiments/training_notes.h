/* What the table of an experiment says below of the networks that it trained: how, and what each training took.
 *
 * Thread rule: one thread at a time for each experiment; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_TRAINING_NOTES_H
#define IRST_EVAL_EXPERIMENTS_TRAINING_NOTES_H

#include "eval/experiments/grid.h"
#include "eval/experiments/table.h"

/* How: the settings and seeds, what is chosen on what, and whose ini a network follows. Nothing where none is trained.
 */
status training_notes_how(const experiment *e, table *t);

/* A list, and so the last of the notes: of each training that is finished the epochs, the time, and the processor. */
status training_notes_costs(const grid *g, table *t);

#endif
