/* What is known of every image and of every target, kept while a split is evaluated.
 *
 * Thread rule: one thread at a time for each; different ones at once. */
#ifndef IRST_EVAL_MEASURE_RECORDS_H
#define IRST_EVAL_MEASURE_RECORDS_H

#include "eval/measure/evaluate.h"

typedef struct records records;

/* Free with records_free. */
status records_new(records **out);
void records_free(records *r); /* accepts NULL */

/* To be put into evaluate_options; it lives as long as the records. */
const image_watcher *records_watcher(const records *r);

/* The images in their order, each alone. */
const metrics *records_images(const records *r);
int records_count(const records *r);

/* The same file's name for the targets: FILE_targets.csv of FILE.csv; STATUS_USAGE if `path` does not end in .csv. */
status records_target_path(const char *path, char out[4096]);

/* Writes two CSV files, atomically and once: `path` with a row for each image (its counts of counts.def, without the
 * curves), and the one beside it with a row for each target: where it is, its size, its signal-to-clutter ratio, the
 * highest score in it, and whether it was found by overlap, by centroids (then with the distance), and with which IoU
 * one to one. */
status records_write(records *r, const char *path);

#endif
