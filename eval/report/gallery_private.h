/* Shared by gallery.c and gallery_file.c.
 *
 * Thread rule: as gallery.h. */
#ifndef IRST_EVAL_REPORT_GALLERY_PRIVATE_H
#define IRST_EVAL_REPORT_GALLERY_PRIVATE_H

#include "eval/report/gallery.h"

typedef struct scene_list {
    gallery_scene *items;
    int count, most;
} scene_list;

typedef struct mark_list {
    gallery_mark *items;
    int count, most;
} mark_list;

struct gallery {
    image_watcher watcher;
    gallery_options options;
    int seen;
    scene_list chosen, worst;
    mark_list misses, false_alarms;
    gallery_row *rows;
};

#endif
