/* Noise on images, for the robustness experiments. Counter-based: the noise of an image is a function of seed, kind,
 * level and the image's name, whatever else is evaluated, and in which order.
 *
 * Thread rule: any thread at any time, on different images. */
#ifndef IRST_DATASETS_VARY_NOISE_H
#define IRST_DATASETS_VARY_NOISE_H

#include <stddef.h>
#include <stdint.h>

typedef enum noise_kind { NOISE_GAUSSIAN, NOISE_SALT_AND_PEPPER } noise_kind;
typedef enum noise_place { NOISE_AFTER_RESIZING, NOISE_BEFORE_RESIZING } noise_place;
typedef enum noise_range { NOISE_CLIPPED, NOISE_UNCLIPPED } noise_range;

/* The enumerations as words of a configuration, by value. */
extern const char *const noise_kind_names[2];
extern const char *const noise_place_names[2];
extern const char *const noise_range_names[2];

typedef struct noise {
    noise_kind kind;
    double level; /* Gaussian: variance, for grey values in [0, 1]; salt and pepper: share of the pixels, in [0, 1] */
    uint64_t seed;
    noise_place place;
    noise_range range; /* clipped: cut off at 0 and 1, as a camera does */
} noise;

/* Adds noise to a map of grey values. Level 0 changes nothing. */
void noise_add(const noise *n, const char *name, float *image, size_t pixels);

#endif
