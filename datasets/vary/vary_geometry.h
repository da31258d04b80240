/* Rotation and change of scale of a pair about its centre, at the same size: one look-up of every pixel.
 *
 * The image is interpolated bilinearly. The mask takes its nearest pixel's value, so that it has the values it had, and
 * a binary one stays binary. Beyond the edge both are reflected: a border of black would be a stronger edge than any
 * target, and a target that is seen twice is labelled twice. Nearest neighbours can lose a target of a pixel or two
 * where the scale shrinks, and an enlargement one near the edge: a pair that would lose its last target pixel stays as
 * it was, in both image and mask. One of several targets may still go from the mask.
 *
 * Thread rule: any thread at any time, on different images. */
#ifndef IRST_DATASETS_VARY_VARY_GEOMETRY_H
#define IRST_DATASETS_VARY_VARY_GEOMETRY_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct vary_geometry_options {
    double rotation; /* degrees: the angle is drawn uniformly from -rotation..rotation */
    double scale;    /* the factor is drawn log-uniformly from 1 / (1 + scale)..1 + scale */
} vary_geometry_options;

bool vary_geometry_any(const vary_geometry_options *o); /* something is above 0 */

/* Image and mask have the same size; both are replaced. A function of the arguments alone; each number has draws of its
 * own, so that one more leaves the others'. On failure both remain to be freed. */
status vary_geometry(const vary_geometry_options *o, uint64_t seed, int64_t epoch, int sample, grey_image *image,
                     grey_image *mask);

#endif
