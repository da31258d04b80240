#include "datasets/preprocess.h"

#include <stddef.h>

int mask_maximum(const grey_image *mask) {
    int most = 0;
    for (size_t i = 0; i < grey_image_pixels(mask); i++)
        most = mask->pixels[i] > most ? mask->pixels[i] : most;
    return most;
}

void image_to_unit(const grey_image *image, float *out) {
    float full = (float)image->maximum;
    for (size_t i = 0; i < grey_image_pixels(image); i++)
        out[i] = (float)image->pixels[i] / full;
}

void mask_to_soft(const grey_image *mask, int maximum, float *out) {
    float full = maximum > 0 ? (float)maximum : 1;
    for (size_t i = 0; i < grey_image_pixels(mask); i++)
        out[i] = (float)mask->pixels[i] / full;
}

void mask_to_label(const grey_image *mask, int maximum, mask_rule rule, uint8_t *out) {
    /* 127 of 255, at the mask's own depth. */
    int half = mask->maximum == 255 ? 127 : mask->maximum / 2;
    for (size_t i = 0; i < grey_image_pixels(mask); i++) {
        int value = mask->pixels[i];
        switch (rule) {
        case MASK_MAX:
            out[i] = maximum > 0 && value == maximum;
            break;
        case MASK_HALF:
            out[i] = value > half;
            break;
        case MASK_ANY:
            out[i] = value > 0;
            break;
        }
    }
}

static status replace(grey_image *image, int width, int height,
                      status (*resize)(const grey_image *, int, int, grey_image *)) {
    if (image->width == width && image->height == height)
        return STATUS_OK;
    grey_image resized;
    TRY(resize(image, width, height, &resized));
    grey_image_free(image);
    *image = resized;
    return STATUS_OK;
}

status resize_image(grey_image *image, int width, int height) {
    return replace(image, width, height, grey_image_resize_bilinear);
}

status resize_mask(grey_image *mask, int width, int height) {
    return replace(mask, width, height, grey_image_resize_nearest);
}

status resize_antialiased(grey_image *image, int width, int height) {
    return replace(image, width, height, grey_image_resize_antialiased);
}

status resize_mask_centred(grey_image *mask, int width, int height) {
    return replace(mask, width, height, grey_image_resize_centred);
}
