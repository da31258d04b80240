/* What a run leaves to read: log.csv (a row per epoch), curves.png, scalars and pictures for TensorBoard, and the parts
 * of its page that are made of them.
 *
 * Thread rule: one thread at a time for each; different ones at once. */
#ifndef IRST_TRAIN_RUN_LOG_H
#define IRST_TRAIN_RUN_LOG_H

#include "core/base/status.h"
#include "eval/measure/metric_table.h"
#include "modules/detector.h"

#include <stdbool.h>
#include <stdint.h>

/* On the split that is evaluated; NaN where nothing was. */
typedef struct epoch_metrics {
    double values[METRICS];
} epoch_metrics;

typedef struct epoch_row {
    int64_t epoch, step;
    double learning_rate;                   /* of the epoch's last step */
    double losses[1 + DETECTOR_LOSS_PARTS]; /* total, and the parts in the log's order: means over the epoch's images */
    double gradient_norm;                   /* mean over the epoch's steps, before clipping */
    double images_per_second;               /* in training */
    double seconds;                         /* with evaluation */
    epoch_metrics used, raw; /* used: of the averaged weights where there are any, else of the raw ones */
} epoch_row;

typedef struct run_log run_log;
struct gallery_scene;
struct html_page;

typedef struct run_log_options {
    detector_part_names parts; /* of the losses, whichever epoch has them */
    bool averages;             /* raw and averaged weights are told apart */
    bool resume;               /* goes on behind epoch `last` */
    int64_t last;
} run_log_options;

/* Begins the files in `folder`, or continues them; NULL: there are none, and rows are dropped. Free with run_log_close.
 */
status run_log_open(const char *folder, const run_log_options *options, run_log **out);
void run_log_close(run_log *log); /* accepts NULL */

const run_log_options *run_log_options_of(const run_log *log);

/* Where a part of the loss stands among the log's. */
int run_log_part(const run_log *log, const char *name);

/* Appends an epoch, and redraws the curves unless that was done in the last RUN_LOG_REDRAW seconds, or the run is as
 * new: epochs of tiny sets take less time than the picture. */
enum { RUN_LOG_REDRAW = 5 };
status run_log_add(run_log *log, const epoch_row *row);
/* Redraws them where an epoch is missing: at the end of a run. */
status run_log_draw(run_log *log);

/* Shows TensorBoard what became of a few images. */
status run_log_show(run_log *log, int64_t epoch, const struct gallery_scene *scenes, int count);

/* Adds sections with the curves and with a table of the epochs. */
void run_log_print(const run_log *log, struct html_page *page);

#endif
