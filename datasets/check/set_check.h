/* The check of a whole data set: its splits, its files, its counts, and all that is wrong with them.
 *
 * Thread rule: one thread at a time for each check; different ones at once. */
#ifndef IRST_DATASETS_CHECK_SET_CHECK_H
#define IRST_DATASETS_CHECK_SET_CHECK_H

#include "core/base/status.h"
#include "core/io/file_io.h"
#include "datasets/check/dataset_check.h"
#include "datasets/check/known_sets.h"
#include "datasets/preprocess.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct split_check {
    char split[64];
    dataset_counts counts;
    const known_split *known; /* NULL: not a split of a known set */
} split_check;

typedef struct set_check {
    char name[256];
    split_check splits[DATASET_SPLITS]; /* those that could be opened */
    int split_count;
    name_list findings; /* what is wrong, one line each */
    name_list remarks;  /* what may be meant so */
} set_check;

/* How the set will be read; all zeros: as by default. */
typedef struct set_check_options {
    grey_range range;
    mask_rule rule;
    bool rule_chosen; /* values between 0 and the maximum are then no fault of a mask */
} set_check_options;

/* Checks the folder or pack at `path`. It looks for every fault and fails only if there is no set at all. */
status set_check_run(const char *path, const set_check_options *options, set_check *out,
                     void (*on_sample)(void *context, int done, int total), void *context);
void set_check_free(set_check *check);

/* The counts of each split, then remarks and findings. */
void set_check_print(const set_check *check, FILE *stream);

/* The counts of a split as they are printed and compared. */
enum { SPLIT_FIGURES = 8 };
typedef struct split_figure {
    const char *what;
    int64_t value;
    int64_t expected; /* NOT_KNOWN: nothing to compare with */
} split_figure;

void split_check_figures(const split_check *s, split_figure out[SPLIT_FIGURES]);

#endif
