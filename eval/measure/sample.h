/* One sample of a data set, ready for a detector and the metrics.
 *
 * Thread rule: any thread at any time; several may read one data set. */
#ifndef IRST_EVAL_MEASURE_SAMPLE_H
#define IRST_EVAL_MEASURE_SAMPLE_H

#include "datasets/dataset.h"
#include "datasets/preprocess.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Something that is done to every image, noise for example. */
typedef struct sample_variation {
    /* Changes the grey values of the sample `name`. Called from several threads. */
    void (*apply)(const void *context, const char *name, float *image, size_t pixels);
    const void *context;
    bool before_resizing; /* the image is then resized in floating point, since grey levels cannot hold the result */
} sample_variation;

/* Whose rules images (bilinear) and labels (nearest) are resized by: OpenCV's, as in RPCANet's programs, or Pillow's,
 * as in those of MSHNet, DNANet and ACM. Other pixels of a label are left: IRSTD-1k's test list has 291 targets at 256
 * x 256 by the first, 294 by the second. */
typedef enum sample_resizing { RESIZE_OPENCV, RESIZE_PILLOW } sample_resizing;
extern const char *const sample_resizing_names[2]; /* "opencv", "pillow" */

enum { PUBLISHED_SIZE = 256 }; /* the side of images in the published tables */

typedef struct sample_options {
    int size; /* images and labels become size x size; 0: native */
    sample_resizing resizing;
    mask_rule mask;               /* refers to the maximum of the stored mask, before resizing */
    const sample_variation *vary; /* NULL: none */
} sample_options;

typedef struct sample {
    int width, height;
    float *image;   /* width * height, in [0, 1] */
    uint8_t *label; /* width * height, 0 or 1 */
} sample;

/* " by Pillow's rules" behind a size where that is so, else "". */
const char *sample_resizing_text(const sample_options *options);

/* Reads a sample and prepares it as the options say. `out` is new, and empty after a failure. Free with sample_free.
 * Safe to call from several threads. */
status sample_read(const dataset *data, int index, const sample_options *options, sample *out);
void sample_free(sample *s); /* accepts a zeroed struct */

#endif
