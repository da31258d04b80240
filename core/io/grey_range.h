/* Which grey values count as black and as white. Thermal cameras deliver 10 to 14 bits in files of 16: read by the full
 * scale of the file such an image is almost black, and a detector trained on others finds nothing in it.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_IO_GREY_RANGE_H
#define IRST_CORE_IO_GREY_RANGE_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum range_kind {
    RANGE_FULL,      /* 0 to the full scale of the file: nothing changes */
    RANGE_VALUES,    /* low to high, in the file's own values */
    RANGE_IMAGE,     /* each image's smallest to its largest value */
    RANGE_PERCENTILE /* the same without the darkest and the brightest `percent` of the pixels */
} range_kind;

typedef struct grey_range {
    range_kind kind; /* a zeroed struct is RANGE_FULL */
    double low, high;
    double percent;
} grey_range;

/* "full", "LO,HI", "image", "percentile" (0.1) or "percentile:P". Anything else is STATUS_USAGE, and the message begins
 * with `option`. */
status grey_range_read(const char *text, const char *option, grey_range *out);

/* Spreads the range over 0..65535; values outside become 0 and 65535. RANGE_FULL leaves the image as it is. */
status grey_range_apply(const grey_range *range, grey_image *image);

/* The same with memory of the caller's, of GREY_RANGE_VALUES numbers. */
enum { GREY_RANGE_VALUES = 65536 };
void grey_range_apply_in(const grey_range *range, int *histogram, grey_image *image);

/* What is noticed of the values of several images, as they are stored. A zeroed struct has seen none. */
typedef struct grey_span {
    int64_t images, deep; /* how many, and how many of more than 8 bits */
    int64_t own_scales;   /* of floating point without a full scale */
    double low, high;     /* as shares of full scale, over all images */
    double unit;          /* full scale in the values of the last file */
    /* Full scales of files that say or suggest another than that of their depth; 0: none has. */
    double least_scale, most_scale;
} grey_span;

void grey_span_add(grey_span *span, const grey_image *image);

/* What a share of full scale is in the values of the last file: a whole number where these are whole, which pixels of
 * other depths hit only nearly. */
double grey_span_value(const grey_span *span, double share);

/* Says in one line that the images fill little of their range, have none, or not one, and what to do: `option` is how a
 * range is given, "--range " or "data.range = ". False if nothing is to be said. */
bool grey_span_remark(const grey_span *span, const char *option, char *out, size_t size);

#endif
