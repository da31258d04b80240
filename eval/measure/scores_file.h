/* What a detector scored on a split, in one HDF5 file: to be looked at, and to be judged again at other thresholds, to
 * the same figures as by the evaluation that wrote it.
 *
 * Attributes of the root: method, dataset, split, rule, protocol, threshold, kind (of the scores). Datasets: names, and
 * of scene number I scenes/I/image (uint8, grey values spread from the darkest to the brightest), label (uint8, 0 or
 * 1), score (float32) and, where the rule needs it, logit (float32), each height x width.
 *
 * Thread rule: one thread at a time for each writer and each set; different ones at once. */
#ifndef IRST_EVAL_MEASURE_SCORES_FILE_H
#define IRST_EVAL_MEASURE_SCORES_FILE_H

#include "eval/measure/evaluate.h"
#include "eval/measure/evaluation_report.h"

#include <stdint.h>

/* --- writing --- */

typedef struct scores_writer scores_writer;

/* A new file; it is in its place only after scores_writer_commit. Of `e` all but the figures is known. Whoever is
 * `next` (NULL: nobody) is told of each image too. Free with scores_writer_free. */
status scores_writer_new(const char *path, const evaluation *e, score_kind kind, const image_watcher *next,
                         scores_writer **out);
const image_watcher *scores_writer_watcher(const scores_writer *w); /* lives as long as the writer */
status scores_writer_commit(scores_writer *w);
void scores_writer_free(scores_writer *w); /* accepts NULL; without a commit nothing is left */

/* --- reading --- */

/* One image and what a detector makes of it, each map width * height. */
typedef struct scores_scene {
    char *name;
    int width, height;
    uint8_t *image;       /* grey, to look at */
    uint8_t *label;       /* 0 or 1; NULL: unknown */
    float *score, *logit; /* logit: NULL where the rule needs none */
} scores_scene;

typedef struct scores_set {
    char *method, *dataset, *split; /* dataset and split: NULL if there is none */
    scoring how;
    double threshold; /* how.threshold points here */
    score_kind kind;
    scores_scene *scenes;
    int count;
    int64_t pixels; /* of all scenes: at most SCORES_MOST_PIXELS, which are ten GiB of maps */
    int black;      /* scenes whose image could not be had any more, and why not the first of them */
    char why_black[512];
} scores_set;

#define SCORES_MOST_PIXELS ((int64_t)1 << 30)

/* Reads everything. A file that holds something else is STATUS_INPUT. `out` is empty after a failure; free with
 * scores_set_free. */
status scores_file_read(const char *path, scores_set *out);
void scores_set_free(scores_set *set);

/* Counts a scene's pixels, whose size is known, before memory is taken for them; STATUS_INPUT, naming `path`, if the
 * set gets too large. */
status scores_set_count(scores_set *set, const scores_scene *scene, const char *path);

/* Grey values of a map, spread from its least to its largest. */
void scores_image_grey(const float *map, size_t pixels, uint8_t *out);

#endif
