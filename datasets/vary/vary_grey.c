#include "datasets/vary/vary_grey.h"

#include "core/base/rng.h"
#include "datasets/vary/transform.h"

#include <math.h>
#include <stddef.h>

bool vary_grey_any(const vary_grey_options *o) {
    return o->blur > 0 || o->gain > 0 || o->noise > 0;
}

/* Each sample has 2^32 draws: four for each of at most 2^28 pixels, and those of the levels. */
static rng draws(const char *use, uint64_t seed, int64_t epoch, int sample) {
    rng r = rng_new(seed, rng_stream_of(use) + (uint64_t)epoch);
    r.index = (uint64_t)sample << 32;
    return r;
}

status vary_grey(const vary_grey_options *o, uint64_t seed, int64_t epoch, int sample, grey_image *image) {
    if (o->blur > 0) {
        rng r = draws("vary blur", seed, epoch, sample);
        TRY(transform_gaussian(image, o->blur * (1 - rng_uniform(&r)))); /* never 0 */
    }
    if (o->gain <= 0 && o->noise <= 0)
        return STATUS_OK;
    rng gain = draws("vary gain", seed, epoch, sample), noise = draws("vary noise", seed, epoch, sample);
    double factor = 1 + o->gain * (2 * rng_uniform(&gain) - 1);
    double offset = o->gain * (rng_uniform(&gain) - 0.5), deviation = o->noise * rng_uniform(&noise);
    double full = image->maximum;
    for (size_t i = 0; i < grey_image_pixels(image); i++) {
        double value = image->pixels[i] / full * factor + offset;
        if (o->noise > 0)
            value += deviation * rng_normal(&noise);
        image->pixels[i] = (uint16_t)lrint(fmin(fmax(value, 0), 1) * full);
    }
    return STATUS_OK;
}
