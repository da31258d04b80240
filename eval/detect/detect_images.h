/* All images of a run of detect: read, searched, and their pictures written, several at a time.
 *
 * Thread rule: one run at a time for each detector; different ones at once. `say_cut` may be called by a thread of the
 * run. */
#ifndef IRST_EVAL_DETECT_DETECT_IMAGES_H
#define IRST_EVAL_DETECT_DETECT_IMAGES_H

#include "core/base/pipeline.h"
#include "core/base/status.h"
#include "core/io/grey_range.h"
#include "core/io/hdf5_io.h"
#include "core/io/image_sizes.h"
#include "eval/detect/detection_report.h"
#include "eval/detect/input_images.h"
#include "eval/detect/range_use.h"

/* The size at which an image is seen: its own, or that which it is resized to. */
typedef struct detect_sides {
    int width, height;
} detect_sides;
detect_sides detect_sees(const detect_options *how, const grey_image *image);

/* Whether the image, as it is seen, is cut into tiles. */
bool detect_cuts(const detector *d, const detect_options *how, const grey_image *image);

/* What a pipeline needs for an image: a small one of several may have one thread `beside` others. Larger ones have all
 * threads, those that are cut into tiles or have more than 1280 x 1024 pixels also the memory to themselves. */
pipeline_need detect_need(const detector *d, const detect_options *how, const grey_image *image, bool beside);

typedef struct detect_job {
    detector *d;
    int threads; /* of its engine */
    const detect_options *how;
    const input_images *images;
    const input_options *input;
    const grey_range *range;
    const char *out; /* folder */
    const char *raw; /* file for the maps, NULL: none */
    detection_report *report;
    /* Told before the first image that is cut into tiles. */
    void (*say_cut)(const char *path, detect_sides seen);
} detect_job;

typedef struct detect_outcome {
    int done, found, left_out;
    char first_error[1024]; /* of the first image that was left out */
    grey_span span;         /* of the values as stored */
    range_use range_use;
    image_sizes sizes;
    h5_file *maps; /* not committed yet; owned by the caller, after a failure too. NULL: none */
} detect_outcome;

/* Small images are shared out, each on one thread with a twin of the detector; there are `threads` twins at most, and
 * half as many images more in memory; others as detect_need says. The results are those of one image after the other:
 * an image that cannot be read, or that the method does not take, is left out and counted; any other failure ends the
 * run, and no image after it leaves pictures. The output folder and the file for the maps are made with the first
 * result. Shows a bar of progress. */
status detect_images(const detect_job *job, detect_outcome *out);

#endif
