/* One variant of an image of SIRST, as SIRST-Aug has them: larger, turned, cropped to 256x256 around a target.
 *
 * How SIRST-Aug was made is not published. This is a rebuild from what its totals tell; docs/datasets.md says how. */
#ifndef IRST_DATASETS_MAKE_SIRST_AUG_H
#define IRST_DATASETS_MAKE_SIRST_AUG_H

#include "core/base/status.h"
#include "core/io/image.h"
#include "datasets/check/components.h"

#include <stdint.h>

enum {
    SIRST_AUG_SIDE = 256,       /* of a crop */
    SIRST_AUG_SHORT_SIDE = 362, /* of the image before it is turned: 256 times the square root of 2 */
};

/* Image and mask have one size; `targets` are the mask's components, at least one. The image is scaled and turned by a
 * random angle, with black around it; the crop lies anywhere in the upright rectangle around the turned image that has
 * the centre of target number `variant` modulo their count inside. Bilinear for the image, nearest for the mask.
 *
 * A function of its arguments alone: `name` and `variant` pick the random numbers. The geometry is computed in
 * integers. Outputs are owned by the caller. */
status sirst_aug_variant(const grey_image *image, const grey_image *mask, const component_list *targets, uint64_t seed,
                         const char *name, int variant, grey_image *image_out, grey_image *mask_out);

#endif
