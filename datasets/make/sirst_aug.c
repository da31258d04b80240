#include "datasets/make/sirst_aug.h"

#include "core/base/rng.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* The angle's cosine and sine are rounded to 24 bits after the point and all else is whole numbers, so that the last
 * bit of a mathematical library or a fused multiplication cannot move a pixel. */
enum { ANGLE_BITS = 24, POSITION_BITS = 32, WEIGHT_BITS = 11, DRAWS_PER_VARIANT = 1 << 16, MOST_ATTEMPTS = 100 };

typedef struct view {
    int width, height;               /* of the source */
    int short_side;                  /* of the source */
    int64_t cosine, sine;            /* times 2^ANGLE_BITS */
    int canvas_width, canvas_height; /* of the upright rectangle around the scaled and turned source */
    int left, top;                   /* of the crop in it */
} view;

static int64_t floor_quotient(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* The source's length times 2^ANGLE_BITS to whole pixels of the scaled image. */
static int scaled_up(int64_t length, int short_side) {
    return (int)-floor_quotient(-length * SIRST_AUG_SHORT_SIDE, (int64_t)short_side << ANGLE_BITS);
}

static void turn(view *v, double angle) {
    v->cosine = llrint(cos(angle) * (1 << ANGLE_BITS));
    v->sine = llrint(sin(angle) * (1 << ANGLE_BITS));
    int64_t across = llabs(v->cosine), down = llabs(v->sine);
    v->canvas_width = scaled_up(across * v->width + down * v->height, v->short_side);
    v->canvas_height = scaled_up(down * v->width + across * v->height, v->short_side);
}

/* Where a length in half source pixels, times 2^ANGLE_BITS, from the centre, lies on a side of the canvas. */
static int canvas_position(const view *v, int64_t twice_offset, int canvas_side) {
    int64_t scale = (int64_t)v->short_side << ANGLE_BITS;
    return (int)floor_quotient((canvas_side - 1) * scale + twice_offset * SIRST_AUG_SHORT_SIDE, 2 * scale);
}

/* A crop's first column or row among those that have `position` inside and the crop inside the canvas. */
static int draw_crop(rng *r, int position, int canvas_side) {
    int first = position - SIRST_AUG_SIDE + 1, last = position, limit = canvas_side - SIRST_AUG_SIDE;
    first = first < 0 ? 0 : first > limit ? limit : first;
    last = last < 0 ? 0 : last > limit ? limit : last;
    return first + (int)rng_below(r, (uint32_t)(last - first + 1));
}

static void place_crop(view *v, rng *r, const component *target) {
    int64_t x = target->x0 + target->x1 - (v->width - 1), y = target->y0 + target->y1 - (v->height - 1);
    v->left = draw_crop(r, canvas_position(v, v->cosine * x - v->sine * y, v->canvas_width), v->canvas_width);
    v->top = draw_crop(r, canvas_position(v, v->sine * x + v->cosine * y, v->canvas_height), v->canvas_height);
}

/* A position in the source, times 2^POSITION_BITS. */
typedef struct point {
    int64_t x, y;
} point;

static point source_of(const view *v, int column, int row) {
    int64_t x = 2 * (v->left + column) - (v->canvas_width - 1), y = 2 * (v->top + row) - (v->canvas_height - 1);
    int64_t unit = (int64_t)v->short_side << (POSITION_BITS - ANGLE_BITS - 1); /* half a pixel */
    return (point){(v->cosine * x + v->sine * y) * unit / SIRST_AUG_SHORT_SIDE +
                       ((int64_t)(v->width - 1) << (POSITION_BITS - 1)),
                   (v->cosine * y - v->sine * x) * unit / SIRST_AUG_SHORT_SIDE +
                       ((int64_t)(v->height - 1) << (POSITION_BITS - 1))};
}

static int nearest(int64_t position) {
    return (int)floor_quotient(position + ((int64_t)1 << (POSITION_BITS - 1)), (int64_t)1 << POSITION_BITS);
}

static int clamp(int64_t index, int last) {
    return index < 0 ? 0 : index > last ? last : (int)index;
}

/* The two pixels around a position, the same one twice at the border, and the weight of the second. */
typedef struct pair {
    int first, second;
    int64_t weight; /* times 2^WEIGHT_BITS */
} pair;

static pair neighbours(int64_t position, int last) {
    int64_t index = floor_quotient(position, (int64_t)1 << POSITION_BITS);
    int64_t rest = position - index * ((int64_t)1 << POSITION_BITS);
    return (pair){clamp(index, last), clamp(index + 1, last), rest >> (POSITION_BITS - WEIGHT_BITS)};
}

static uint16_t bilinear(const grey_image *image, point p) {
    pair x = neighbours(p.x, image->width - 1), y = neighbours(p.y, image->height - 1);
    const uint16_t *upper = image->pixels + (size_t)y.first * (size_t)image->width;
    const uint16_t *lower = image->pixels + (size_t)y.second * (size_t)image->width;
    int64_t one = 1 << WEIGHT_BITS, half = 1 << (2 * WEIGHT_BITS - 1);
    int64_t above = upper[x.first] * (one - x.weight) + upper[x.second] * x.weight;
    int64_t below = lower[x.first] * (one - x.weight) + lower[x.second] * x.weight;
    return (uint16_t)((above * (one - y.weight) + below * y.weight + half) >> (2 * WEIGHT_BITS));
}

/* Whether the crop shows any of the mask. */
static bool crop_both(const view *v, const grey_image *image, const grey_image *mask, grey_image *image_out,
                      grey_image *mask_out) {
    bool shown = false;
    for (int row = 0; row < SIRST_AUG_SIDE; row++)
        for (int column = 0; column < SIRST_AUG_SIDE; column++) {
            size_t at = (size_t)row * SIRST_AUG_SIDE + (size_t)column;
            point p = source_of(v, column, row);
            int x = nearest(p.x), y = nearest(p.y);
            bool outside = x < 0 || y < 0 || x >= v->width || y >= v->height;
            image_out->pixels[at] = outside ? 0 : bilinear(image, p);
            mask_out->pixels[at] = outside ? 0 : mask->pixels[(size_t)y * (size_t)v->width + (size_t)x];
            shown = shown || mask_out->pixels[at];
        }
    return shown;
}

status sirst_aug_variant(const grey_image *image, const grey_image *mask, const component_list *targets, uint64_t seed,
                         const char *name, int variant, grey_image *image_out, grey_image *mask_out) {
    *image_out = *mask_out = (grey_image){0};
    if (targets->count == 0)
        return status_fail(STATUS_INPUT, "%s: its mask has no target, which a crop could keep", name);
    view v = {.width = image->width, .height = image->height};
    v.short_side = v.width < v.height ? v.width : v.height;
    rng r = rng_new(seed, rng_stream_of("sirst-aug") ^ rng_stream_of(name));
    r.index = (uint64_t)variant * DRAWS_PER_VARIANT;
    TRY(grey_image_new(SIRST_AUG_SIDE, SIRST_AUG_SIDE, image->maximum, image_out));
    status result = grey_image_new(SIRST_AUG_SIDE, SIRST_AUG_SIDE, mask->maximum, mask_out);
    bool shown = false;
    /* The centre of a target is inside, but a small or hollow one may still fall between the pixels or beside the crop.
     */
    for (int attempt = 0; result == STATUS_OK && !shown && attempt < MOST_ATTEMPTS; attempt++) {
        turn(&v, 2 * M_PI * rng_uniform(&r));
        place_crop(&v, &r, &targets->items[variant % targets->count]);
        shown = crop_both(&v, image, mask, image_out, mask_out);
    }
    if (result == STATUS_OK && !shown)
        result = status_fail(STATUS_INPUT, "%s: no crop of %d shows any of its target", name, MOST_ATTEMPTS);
    if (result != STATUS_OK) {
        grey_image_free(image_out);
        grey_image_free(mask_out);
    }
    return result;
}
