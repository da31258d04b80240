/* What there is to see of an evaluation: a few whole images, and the worst of its misses and false alarms, kept while a
 * split is evaluated. Memory is bounded, whatever the split and the size of its images.
 *
 * Thread rule: one thread at a time for each; different ones at once. */
#ifndef IRST_EVAL_REPORT_GALLERY_H
#define IRST_EVAL_REPORT_GALLERY_H

#include "eval/measure/evaluate.h"

#include <stdbool.h>
#include <stdint.h>

enum { GALLERY_LARGEST_SIDE = 320 }; /* of a whole image in the gallery: larger ones are reduced */

/* Maps of one image or of a part of it, each width * height bytes. */
typedef struct gallery_maps {
    int width, height;
    uint8_t *image;             /* grey, from the darkest to the brightest value */
    uint8_t *score;             /* 255 for a score of 1, as detect takes it (score_map_to_unit) */
    uint8_t *label, *predicted; /* 0 or 1 */
} gallery_maps;

typedef enum gallery_kind { GALLERY_FOUND, GALLERY_MISSED, GALLERY_FALSE } gallery_kind;

typedef struct gallery_box {
    gallery_kind kind;
    double x0, y0, x1, y1; /* its edges in pixels of the maps */
} gallery_box;

enum { GALLERY_MOST_BOXES = 64 }; /* more of them would hide the image */

typedef struct gallery_scene {
    char *name;
    int index; /* in the split */
    int full_width, full_height;
    double iou; /* NaN where there is no target and nothing was predicted */
    int targets, found, false_alarms;
    /* A detection of a target may cover many that are false. -1: a file of an older version does not tell. */
    int64_t false_pixels, missed_pixels;
    gallery_maps maps;
    gallery_box *boxes;
    int box_count;
} gallery_scene;

/* A target that was missed or a detection that is a false alarm, and what lies about it. */
typedef struct gallery_mark {
    char *name;
    gallery_kind kind;
    double x, y;     /* centroid in the image */
    int area;        /* pixels */
    double peak;     /* highest score in it */
    double contrast; /* of a target, see target_contrast.h; NaN: unknown */
    gallery_maps maps;
    gallery_box box; /* in the maps */
} gallery_mark;

/* Of every image. */
typedef struct gallery_row {
    char *name;
    int targets, found, detections, false_alarms;
    int64_t false_pixels, missed_pixels;
    double iou;
    double peak; /* highest score in the image */
} gallery_row;

typedef struct gallery_options {
    int images; /* in the split */
    match_protocol protocol;
    int chosen;                /* whole images, evenly spread over the split: the same ones every time */
    int worst;                 /* whole images with the least IoU of those that are not right in every pixel */
    int marks;                 /* misses, and false alarms */
    const image_watcher *next; /* is told of each image too; NULL: nobody */
} gallery_options;

typedef struct gallery gallery;

/* Free with gallery_free. */
status gallery_new(const gallery_options *options, gallery **out);
void gallery_free(gallery *g); /* accepts NULL */

/* To be put into evaluate_options; it lives as long as the gallery. For one evaluation. */
const image_watcher *gallery_watcher(const gallery *g);

/* What was kept, owned by the gallery: chosen images in their order, the worst ones the worst first; missed targets
 * with the lowest score in them first; false alarms with the highest score first. */
const gallery_scene *gallery_chosen(const gallery *g, int *count);
const gallery_scene *gallery_worst(const gallery *g, int *count);
const gallery_mark *gallery_misses(const gallery *g, int *count);
const gallery_mark *gallery_false_alarms(const gallery *g, int *count);
const gallery_row *gallery_rows(const gallery *g, int *count);

#endif
