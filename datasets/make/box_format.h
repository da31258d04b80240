/* Boxes around targets as annotation tools write them. A format is one file and one line in box_format.c.
 *
 * Thread rule: one thread at a time for each list and source; different ones at once. */
#ifndef IRST_DATASETS_MAKE_BOXES_BOX_FORMAT_H
#define IRST_DATASETS_MAKE_BOXES_BOX_FORMAT_H

#include "core/base/status.h"
#include "core/io/file_io.h"

#include <stdbool.h>

/* Edges in pixels: a box around the pixel (0, 0) alone reaches from 0 to 1. */
typedef struct box {
    double x0, y0, x1, y1;
} box;

/* A zeroed struct is an empty list. */
typedef struct box_list {
    int count;
    box *items;
} box_list;

status box_list_add(box_list *list, box b); /* STATUS_INPUT for one without area or with an edge that is no number */
void box_list_free(box_list *list);         /* leaves an empty list */

/* STATUS_INPUT if the size that an annotation states is not that of its image: the boxes are of another then, scaled
 * or turned. Tools that do not know a side leave it out or write 0, which is taken for any. */
status box_size_check(double stated_width, double stated_height, int width, int height);

/* Opened annotations; begins the struct of every format. */
typedef struct box_source {
    const struct box_format *format;
    int named; /* images that they are about, there or not */
    int stray; /* boxes of an image that they do not name */
} box_source;

typedef struct box_format {
    const char *title;     /* "VOC XML" */
    bool missing_is_empty; /* an image without annotation has no target; else it was not annotated */
    bool (*recognises)(const char *path);
    status (*open)(const char *path, const char *images, box_source **out);
    void (*close)(box_source *s);
    /* Whether there is an annotation for the image file `name`, whose stem is `stem`. */
    bool (*has)(const box_source *s, const char *name, const char *stem);
    /* Its boxes; the image has this size. `out` is new and freed by the caller, also after a failure. Messages name
     * file and place. */
    status (*read)(const box_source *s, const char *name, const char *stem, int width, int height, box_list *out);
    /* Adds the images named by the annotations that lie in folders inside the one of images, as in "seq1/0001.png";
     * NULL: they name none. */
    status (*add_inner)(const box_source *s, name_list *names);
} box_format;

extern const box_format box_format_voc;  /* a folder of NAME.xml; corners count from 1 and are inside */
extern const box_format box_format_yolo; /* a folder of NAME.txt: class, centre and size, as shares of the image */
extern const box_format box_format_coco; /* one file.json; x, y, width, height in pixels from 0 */

/* Opens annotations of whatever format `path` holds, of the images in the folder `images`. Close with
 * source->format->close. */
status box_source_open(const char *path, const char *images, box_source **out);

#endif
