#include "datasets/vary/vary_geometry.h"

#include "core/base/rng.h"
#include "datasets/preprocess.h"
#include "datasets/vary/transform.h"

#include <math.h>
#include <string.h>

bool vary_geometry_any(const vary_geometry_options *o) {
    return o->rotation > 0 || o->scale > 0;
}

/* -1 .. 1 */
static double draw(const char *use, uint64_t seed, int64_t epoch, int sample) {
    rng r = rng_new(seed, rng_stream_of(use) + (uint64_t)epoch);
    r.index = 4 * (uint64_t)sample; /* a block of the generator each */
    return 2 * rng_uniform(&r) - 1;
}

static status copy(const grey_image *from, grey_image *out) {
    TRY(grey_image_new(from->width, from->height, from->maximum, out));
    memcpy(out->pixels, from->pixels, grey_image_pixels(from) * sizeof *from->pixels);
    return STATUS_OK;
}

status vary_geometry(const vary_geometry_options *o, uint64_t seed, int64_t epoch, int sample, grey_image *image,
                     grey_image *mask) {
    if (!vary_geometry_any(o))
        return STATUS_OK;
    double angle = o->rotation * draw("vary rotation", seed, epoch, sample) * M_PI / 180;
    double step = exp(-log1p(o->scale) * draw("vary scale", seed, epoch, sample));
    double x = step * cos(angle), y = step * sin(angle);
    grey_image turned;
    TRY(copy(mask, &turned));
    status result = transform_similar_nearest(&turned, x, y);
    if (result != STATUS_OK || (mask_maximum(&turned) == 0 && mask_maximum(mask) > 0)) {
        grey_image_free(&turned);
        return result;
    }
    grey_image_free(mask);
    *mask = turned;
    return transform_similar_bilinear(image, x, y);
}
