/* What is known of the public sets: to see whether a download is whole and read as the papers read it.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_DATASETS_CHECK_KNOWN_SETS_H
#define IRST_DATASETS_CHECK_KNOWN_SETS_H

#include "datasets/check/dataset_check.h"

enum { NOT_KNOWN = -1 };

/* One split of a set; a count may be NOT_KNOWN. */
typedef struct known_split {
    const char *set; /* its usual name */
    const char *split;
    dataset_counts counts;
} known_split;

/* Sets are compared without case, '-', '_', blanks and brackets. train stands for trainval, or the other way round, in
 * a set that has only one of them. NULL if not known. */
const known_split *known_split_find(const char *set, const char *split);

/* The splits of a set by index; NULL after the last, and for a set that is not known. */
const known_split *known_split_at(const char *set, int index);

#endif
