#include "eval/measure/noise.h"

#include "core/base/rng.h"
#include "datasets/preprocess.h"
#include "eval/measure/score_map.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const noise_kind_names[] = {[NOISE_GAUSSIAN] = "gaussian", [NOISE_SALT_AND_PEPPER] = "salt_and_pepper"};
const char *const noise_place_names[] = {[NOISE_AFTER_RESIZING] = "after", [NOISE_BEFORE_RESIZING] = "before"};
const char *const noise_range_names[] = {[NOISE_CLIPPED] = "clipped", [NOISE_UNCLIPPED] = "unclipped"};

static rng generator(const noise *n, const char *name) {
    char stream[512];
    snprintf(stream, sizeof stream, "%s %.17g %s", noise_kind_names[n->kind], n->level, name);
    return rng_new(n->seed, rng_stream_of(stream));
}

static void add_gaussian(rng *r, double variance, float *image, size_t pixels) {
    double deviation = sqrt(variance);
    for (size_t i = 0; i < pixels; i++)
        image[i] += (float)(deviation * rng_normal(r));
}

/* One draw decides: the lower half of the density is pepper, the upper half salt. */
static void add_salt_and_pepper(rng *r, double density, float *image, size_t pixels) {
    for (size_t i = 0; i < pixels; i++) {
        double draw = rng_uniform(r);
        if (draw < density)
            image[i] = draw < density / 2 ? 0.0f : 1.0f;
    }
}

void noise_add(const noise *n, const char *name, float *image, size_t pixels) {
    if (n->level <= 0)
        return;
    rng r = generator(n, name);
    if (n->kind == NOISE_GAUSSIAN)
        add_gaussian(&r, n->level, image, pixels);
    else
        add_salt_and_pepper(&r, n->level, image, pixels);
    for (size_t i = 0; n->range == NOISE_CLIPPED && i < pixels; i++)
        image[i] = fminf(fmaxf(image[i], 0), 1);
}

static size_t pixel_count(const grey_image *image) {
    return (size_t)image->width * (size_t)image->height;
}

static float *unit_image(const grey_image *image) {
    float *unit = malloc(pixel_count(image) * sizeof *unit);
    if (unit)
        image_to_unit(image, unit);
    return unit;
}

/* Grey levels cannot hold unclipped noise, so the noisy image is resized as floats. */
static status resize_noisy(const noise *n, const char *name, int size, grey_image *image, float **out) {
    float *stored = unit_image(image), *resized = malloc((size_t)size * (size_t)size * sizeof *resized);
    if (!stored || !resized) {
        free(stored);
        free(resized);
        return status_fail(STATUS_MEMORY, "out of memory for the noisy image %s", name);
    }
    noise_add(n, name, stored, pixel_count(image));
    score_map_resize(stored, image->width, image->height, size, size, resized);
    free(stored);
    *out = resized;
    return STATUS_OK;
}

status noise_prepare(const noise *n, const char *name, int size, grey_image *image, float **out) {
    *out = NULL;
    bool noisy = n && n->level > 0;
    if (noisy && n->place == NOISE_BEFORE_RESIZING && size > 0)
        TRY(resize_noisy(n, name, size, image, out));
    if (size > 0)
        TRY(resize_image(image, size, size));
    if (*out)
        return STATUS_OK;
    *out = unit_image(image);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for the image %s", name);
    if (noisy)
        noise_add(n, name, *out, pixel_count(image));
    return STATUS_OK;
}
