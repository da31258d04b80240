#include "datasets/make/sirst_aug.h"

#include "datasets/preprocess.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { ANGLE_BITS = 24, WEIGHT_BITS = 11, LEAST_WEIGHT = 42 /* of 255 */ };

status sirst_aug_enlarge(grey_image *image, grey_image *mask) {
    int longer = image->width > image->height ? image->width : image->height;
    int width = image->width * SIRST_AUG_LONG_SIDE / longer, height = image->height * SIRST_AUG_LONG_SIDE / longer;
    int maximum = mask_maximum(mask);
    TRY(resize_mask(mask, width, height));
    for (int i = 0; i < width * height; i++)
        mask->pixels[i] = 2 * mask->pixels[i] > maximum ? 255 : 0;
    mask->maximum = 255;
    return resize_image(image, width, height);
}

status sirst_aug_cut(const grey_image *enlarged, int x, int y, grey_image *out) {
    TRY(grey_image_new(SIRST_AUG_SIDE, SIRST_AUG_SIDE, enlarged->maximum, out));
    int first = x < 0 ? -x : 0, last = enlarged->width - x < SIRST_AUG_SIDE ? enlarged->width - x : SIRST_AUG_SIDE;
    for (int row = 0; row < SIRST_AUG_SIDE && first < last; row++)
        if (y + row >= 0 && y + row < enlarged->height)
            memcpy(out->pixels + row * SIRST_AUG_SIDE + first,
                   enlarged->pixels + (ptrdiff_t)(y + row) * enlarged->width + x + first,
                   (size_t)(last - first) * sizeof *out->pixels);
    return STATUS_OK;
}

static int limit(int position, int side) {
    int most = side + SIRST_AUG_MARGIN - SIRST_AUG_SIDE;
    return position < -SIRST_AUG_MARGIN ? -SIRST_AUG_MARGIN : position > most ? most : position;
}

void sirst_aug_place(rng *r, int window, double centre_x, double centre_y, int width, int height, int *x, int *y) {
    enum { HALF = SIRST_AUG_SIDE / 2 };
    static const int parts[SIRST_AUG_WINDOWS][2] = {{HALF, HALF}, {0, HALF}, {HALF, 0}, {0, 0}, {HALF / 2, HALF / 2}};
    int at_x = parts[window][0] + (int)rng_below(r, HALF), at_y = parts[window][1] + (int)rng_below(r, HALF);
    *x = limit((int)lrint(centre_x) - at_x, width);
    *y = limit((int)lrint(centre_y) - at_y, height);
}

/* --- turning --- */

static int64_t pixel(const grey_image *image, int64_t x, int64_t y) {
    bool inside = x >= 0 && y >= 0 && x < image->width && y < image->height;
    return inside ? image->pixels[y * image->width + x] : 0;
}

/* At a position times 2^ANGLE_BITS. */
static uint16_t bilinear(const grey_image *image, int64_t x, int64_t y) {
    const int64_t one = 1 << WEIGHT_BITS, half = 1 << (2 * WEIGHT_BITS - 1);
    int64_t left = x >> ANGLE_BITS, top = y >> ANGLE_BITS; /* rounds down, also below zero */
    int64_t right_part = (x - left * (1 << ANGLE_BITS)) >> (ANGLE_BITS - WEIGHT_BITS);
    int64_t lower_part = (y - top * (1 << ANGLE_BITS)) >> (ANGLE_BITS - WEIGHT_BITS);
    int64_t above = pixel(image, left, top) * (one - right_part) + pixel(image, left + 1, top) * right_part;
    int64_t below = pixel(image, left, top + 1) * (one - right_part) + pixel(image, left + 1, top + 1) * right_part;
    return (uint16_t)((above * (one - lower_part) + below * lower_part + half) >> (2 * WEIGHT_BITS));
}

status sirst_aug_turn(const grey_image *window, int degrees, grey_image *out) {
    TRY(grey_image_new(window->width, window->height, window->maximum, out));
    int64_t cosine = llrint(cos(degrees * M_PI / 180) * (1 << ANGLE_BITS));
    int64_t sine = llrint(sin(degrees * M_PI / 180) * (1 << ANGLE_BITS));
    const int64_t centre = SIRST_AUG_SIDE / 2;
    for (int64_t y = 0; y < window->height; y++)
        for (int64_t x = 0; x < window->width; x++)
            out->pixels[y * window->width + x] =
                bilinear(window, cosine * (x - centre) - sine * (y - centre) + centre * (1 << ANGLE_BITS),
                         sine * (x - centre) + cosine * (y - centre) + centre * (1 << ANGLE_BITS));
    return STATUS_OK;
}

status sirst_aug_turn_mask(const grey_image *window, int degrees, grey_image *out) {
    TRY(sirst_aug_turn(window, degrees, out));
    for (int i = 0; i < out->width * out->height; i++)
        out->pixels[i] = out->pixels[i] > LEAST_WEIGHT ? 255 : 0;
    return STATUS_OK;
}
