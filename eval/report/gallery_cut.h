/* Small maps for a gallery: a whole image reduced, or a part of it as it is.
 *
 * Thread rule: any thread at any time, on different maps. */
#ifndef IRST_EVAL_REPORT_GALLERY_CUT_H
#define IRST_EVAL_REPORT_GALLERY_CUT_H

#include "core/base/status.h"
#include "eval/report/gallery.h"

#include <stdint.h>

/* What is cut from, all width * height. */
typedef struct gallery_source {
    int width, height;
    const float *image, *score; /* score: in [0, 1]. image may be NULL: black */
    const uint8_t *label, *predicted;
} gallery_source;

typedef struct gallery_part {
    int x, y, width, height; /* pixels, inside of the source */
} gallery_part;

/* A square around a place, moved inside; smaller where the source is. */
gallery_part gallery_part_around(const gallery_source *source, double x, double y, int side);

/* Grey values spread from the darkest to the brightest of the part. Free with gallery_maps_free. */
status gallery_cut(const gallery_source *source, const gallery_part *part, gallery_maps *out);

/* The whole image, in blocks of pixels if one of its sides is larger: means of grey values, but the highest of scores
 * and labels, so that no small target is lost. */
status gallery_reduce(const gallery_source *source, int largest_side, gallery_maps *out);

void gallery_maps_free(gallery_maps *maps); /* accepts a zeroed struct */

#endif
