/* Training runs in tests, and whether two of them led to the same bits. */
#ifndef IRST_TESTS_RUNS_H
#define IRST_TESTS_RUNS_H

#include "core/config.h"
#include "core/status.h"
#include "train/trainer.h"

#include <stdbool.h>

/* An ini file with overrides, separated by blanks; NULL: none. */
typedef struct recipe {
    const char *ini, *overrides;
} recipe;

status runs_read(recipe r, config **out);
status runs_train(recipe r, const char *folder, bool resume, void (*on_epoch)(void *, const train_report *));

/* For on_epoch: interrupts in epoch 2, after its first step. */
void runs_stop_after_epoch(void *context, const train_report *report);

/* Compares model, optimizer and trainer of last.h5 in two folders; fails the test if a bit differs. */
void runs_expect_same(const char *one, const char *other);

/* Compares a run that stops after `step` ("step 4 of 9"), in epoch 2, and goes on with one that does not stop. */
void runs_expect_resumed(recipe r, const char *step);

#endif
