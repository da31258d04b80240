/* The patch-image of IPI: every window of an image as one column of a matrix, and the way back (Gao et al., 2013).
 *
 * Windows start every `step` pixels, row by row of windows; those that would overrun the image are left out, and with
 * them the last rows and columns of pixels. The matrix is stored upright, with its longer side along memory: it is
 * transposed if there are more windows than pixels in one.
 *
 * Thread rule: any thread, on different matrices; patch_image_paste is the caller's of its engine. */
#ifndef IRST_MODULES_CLASSIC_IPI_PATCH_IMAGE_H
#define IRST_MODULES_CLASSIC_IPI_PATCH_IMAGE_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "core/base/workspace.h"

#include <stddef.h>

typedef struct patch_image {
    int width, height; /* of the image, each at least `size` */
    int size, step;
    int rows, columns;                     /* of windows */
    int m, n;                              /* of the stored matrix, m >= n */
    ptrdiff_t pixel_stride, window_stride; /* in it */
} patch_image;

patch_image patch_image_of(int width, int height, int size, int step);

void patch_image_cut(const patch_image *p, const double *image, double *matrix);

/* How the values of the windows over one pixel become one. They come in the order of the windows; `values` may be
 * changed. */
typedef double (*patch_rule)(double *values, int count);

double patch_median(double *values, int count); /* of an even number: the mean of the middle two */
/* The published Python code's mean, which loses the last window but counts it; negative results become 0. */
double patch_community_mean(double *values, int count);

/* Pixels without a window become 0. */
status patch_image_paste(engine *e, const patch_image *p, const double *matrix, patch_rule rule, workspace *work,
                         float *image);

#endif
