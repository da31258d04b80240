/* From a stored pair to what the network sees in training: resized or cropped to one size, and varied at random.
 *
 * flips       resized; up-down flip, left-right flip and transpose, each with probability 1/2 (RPCANet)
 * transposes  resized; transpose with probability 1/2: what masks are off by along the diagonal stays where it is
 * crops       not resized: a window, in half of the cases around a target; then as flips (BasicIRSTD)
 * mshnet      mirrored, resized to a random scale that keeps the aspect, padded, cropped, blurred (Liu et al., 2024)
 * uiunet      resized to somewhat more, cropped, flipped up-down (Wu et al., 2023)
 * targets     a window as of crops, but around a target wherever there is one: an empty window draws the soft-IoU loss
 *             towards the answer "nothing anywhere"; then turned as told
 *
 * Thread rule: any thread at any time, on different images. */
#ifndef IRST_DATASETS_VARY_AUGMENT_H
#define IRST_DATASETS_VARY_AUGMENT_H

#include "core/base/status.h"
#include "core/io/image.h"
#include "datasets/vary/vary_geometry.h"
#include "datasets/vary/vary_grey.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum augmentation {
    AUGMENT_NONE,
    AUGMENT_FLIPS,
    AUGMENT_CROPS,
    AUGMENT_MSHNET,
    AUGMENT_UIUNET,
    AUGMENT_TRANSPOSES,
    AUGMENT_TARGETS /* has no name: a trainer's first epochs */
} augmentation;

#define AUGMENT_NAMES "none|flips|crops|mshnet|uiunet|transposes" /* of the enumeration, in its order */

augmentation augment_find(const char *name); /* one of the names */

/* Whether images are turned over or round, so that what lies above a target lies on any side of it. */
bool augment_turns(augmentation kind);

/* The size to which whole images are resized when those trained on are size x size: the network then sees targets as
 * large as in training. 0: none, images stay as they are. */
int augment_whole_size(augmentation kind, int size);

/* The kind, and what comes after it. All numbers are 0 where nothing is to be done, and then change no bit. */
typedef struct augment_options {
    augmentation kind;
    augmentation turns; /* AUGMENT_TARGETS: turned over and round as this kind does it */
    int whole;          /* AUGMENT_TARGETS: crops of the image resized to whole x whole; 0: of the image as it is */
    double background;  /* AUGMENT_TARGETS: this share of the windows, 0..1, lies anywhere instead */
    vary_geometry_options geometry;
    vary_grey_options grey;
} augment_options;

/* Replaces image and mask by size x size versions that belong together: by the kind, then the geometry, then the grey
 * values. A function of the pair, options, seed, epoch and sample alone. Any variation of grey values or geometry makes
 * an 8-bit image a 16-bit one, so that its results are not rounded to 256 levels. On failure both remain to be freed.
 * Safe to call from several threads. */
status augment_pair(const augment_options *options, uint64_t seed, int64_t epoch, int sample, int size,
                    grey_image *image, grey_image *mask);

#endif
