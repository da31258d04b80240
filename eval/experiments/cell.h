/* One cell of an experiment: a method on a data set, evaluated or timed, kept in a file of its own, so that a program
 * that was stopped goes on where it was. A file holds the cell's key, a text that names everything the figures depend
 * on: it counts only while the key is the same.
 *
 * Thread rule: any thread at any time, on different files and structs. */
#ifndef IRST_EVAL_EXPERIMENTS_CELL_H
#define IRST_EVAL_EXPERIMENTS_CELL_H

#include "core/base/status.h"
#include "eval/experiments/experiment.h"
#include "eval/measure/bootstrap.h"
#include "eval/measure/metrics.h"

#include <stdbool.h>
#include <stdint.h>

#define CELL_KEY_SIZE 8192

typedef struct cell {
    int64_t params; /* trained parameters */
    metrics counts;
    bool has_intervals;
    interval intervals[METRICS]; /* of the images, as fractions */
    double ms_image;             /* median wall time of an image */
    /* Of a timing: how many runs, and where the first and the last tenth of them end. */
    int64_t runs;
    double ms_low, ms_high;
} cell;

/* What the evaluated split of a data set holds: other masks or another list are other data, whatever they are called.
 */
typedef struct cell_data {
    int images;
    uint32_t content; /* see datasets/check/set_content.h */
} cell_data;

/* Reads every sample: once for all cells of the data set. */
status cell_data_find(const experiment *e, int data, cell_data *out);

/* The key of a method on a data set that holds `what`: method, options, content of the checkpoint (NULL: none), data,
 * scoring, threads. A program whose figures depend on more appends to it. */
status cell_key(const experiment *e, int method, int data, const cell_data *what, const char *checkpoint,
                char out[CELL_KEY_SIZE]);

/* Reads a cell; false if there is no file, or one with another key, or one that is damaged. */
bool cell_read(const char *path, const char *key, cell *out);
status cell_write(const char *path, const char *key, const cell *c); /* atomic */

#endif
