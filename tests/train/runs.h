/* Training runs in tests, and whether two of them led to the same bits. */
#ifndef IRST_TESTS_TRAIN_RUNS_H
#define IRST_TESTS_TRAIN_RUNS_H

#include "core/base/status.h"
#include "core/config/config.h"
#include "train/trainer.h"

#include <stdbool.h>
#include <stdint.h>

/* An ini file with overrides, separated by blanks; NULL: none. */
typedef struct recipe {
    const char *ini, *overrides;
} recipe;

/* Makes 10 training and 3 test scenes in the folder "scenes" of the scratch folder, and writes the ini `name` with a
 * tiny network of so many stages for them; `train` holds the lines of its last section, [train]. Its path goes to
 * `ini`. */
void runs_write_tiny(const char *name, int stages, const char *train, char ini[4096]);

status runs_read(recipe r, config **out);
/* Stops after the first step of epoch stop_after + 1, counted from 1; 0: goes on to the end. */
status runs_train(recipe r, const char *folder, bool resume, int64_t stop_after);

/* The same by several processes, which here are threads. */
status runs_train_together(recipe r, const char *folder, bool resume, int64_t stop_after, int ranks);

/* What a run said and reported. */
typedef struct run_notes {
    char lines[8][1024];
    int count;
    epoch_row last;
    int epochs;
} run_notes;

/* Trains by `ini` and the overrides, which end with NULL. */
status runs_train_noting(const char *ini, const char *folder, bool resume, run_notes *notes,
                         const char *const *overrides);

/* Compares model, optimizer and trainer of last.h5 in two folders; fails the test if a bit differs. */
void runs_expect_same(const char *one, const char *other);

/* Compares a run that stops like that, after `step` ("step 4 of 9"), and goes on with one that does not stop. */
void runs_expect_resumed(recipe r, int64_t stop_after, const char *step);

#endif
