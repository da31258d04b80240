/* One image of a gallery as a single picture, for where there is no page to put several into.
 *
 * Thread rule: any thread at any time, on different panels. */
#ifndef IRST_EVAL_REPORT_GALLERY_PANEL_H
#define IRST_EVAL_REPORT_GALLERY_PANEL_H

#include "core/io/text_buffer.h"
#include "eval/report/gallery.h"

typedef struct gallery_panel {
    int width, height;
    text_buffer png; /* a whole PNG file */
} gallery_panel;

/* Image, ground truth, score and detections side by side, each reduced to at most `side` pixels; in the last one what
 * was found is framed in green, what was missed in red, and false alarms in blue. Free with gallery_panel_free. */
status gallery_panel_make(const gallery_scene *scene, int side, gallery_panel *out);
void gallery_panel_free(gallery_panel *panel); /* accepts a zeroed struct */

#endif
