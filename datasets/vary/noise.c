#include "datasets/vary/noise.h"

#include "core/base/rng.h"

#include <math.h>
#include <stdio.h>

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
