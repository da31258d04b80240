#include "datasets/vary/augment.h"

#include "core/base/rng.h"
#include "core/base/whole_numbers.h"
#include "datasets/preprocess.h"
#include "datasets/vary/transform.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

typedef struct pair {
    grey_image *image, *mask;
} pair;

augmentation augment_find(const char *name) {
    int kind = 0;
    for (const char *at = AUGMENT_NAMES; *at; kind++) {
        size_t length = strcspn(at, "|");
        if (strlen(name) == length && !memcmp(at, name, length))
            return (augmentation)kind;
        at += length + (at[length] == '|');
    }
    assert(false); /* a configuration holds one of the names */
    return AUGMENT_NONE;
}

static bool coin(rng *r) {
    return rng_uniform(r) < 0.5;
}

/* lowest .. highest */
static int between(rng *r, int lowest, int highest) {
    return lowest + (int)rng_below(r, (uint32_t)(highest - lowest) + 1);
}

static status crop(pair p, int x, int y, int size) {
    TRY(transform_crop(p.image, x, y, size, size));
    return transform_crop(p.mask, x, y, size, size);
}

/* A window anywhere in the pair, which is first padded with zeros, at the right and below, to its size. */
static status crop_anywhere(rng *r, int size, pair p) {
    int x = between(r, 0, int_max(p.image->width - size, 0));
    return crop(p, x, between(r, 0, int_max(p.image->height - size, 0)), size);
}

static status resize(pair p, int width, int height) {
    TRY(resize_image(p.image, width, height));
    return resize_mask(p.mask, width, height);
}

enum { FLIP_ROWS = 1, FLIP_COLUMNS = 2, TRANSPOSE = 4, SYMMETRIES = 8 };

static int symmetries_of(augmentation kind) {
    switch (kind) {
    case AUGMENT_NONE:
        return 0;
    case AUGMENT_TRANSPOSES:
        return TRANSPOSE;
    case AUGMENT_MSHNET:
        return FLIP_COLUMNS;
    case AUGMENT_UIUNET:
        return FLIP_ROWS;
    default:
        return SYMMETRIES - 1;
    }
}

/* One of the eight symmetries of the square, or of those that the kind allows. */
static void turn(rng *r, augmentation kind, pair p) {
    int choice = (int)(rng_u32(r) % SYMMETRIES) & symmetries_of(kind);
    grey_image *both[] = {p.image, p.mask};
    for (int i = 0; i < 2; i++) {
        if (choice & FLIP_ROWS)
            transform_flip_rows(both[i]);
        if (choice & FLIP_COLUMNS)
            transform_flip_columns(both[i]);
        if (choice & TRANSPOSE)
            transform_transpose(both[i]);
    }
}

/* The position of one of the target pixels, each as likely; false if there is none. */
static bool pick_target(rng *r, const grey_image *mask, int *x, int *y) {
    size_t pixels = grey_image_pixels(mask);
    uint32_t count = 0;
    for (size_t i = 0; i < pixels; i++)
        count += mask->pixels[i] > 0;
    if (count == 0)
        return false;
    uint32_t left = rng_below(r, count) + 1;
    size_t at = 0;
    for (size_t i = 0; left > 0; i++)
        if (mask->pixels[i] > 0) {
            left--;
            at = i;
        }
    *x = (int)(at % (size_t)mask->width);
    *y = (int)(at / (size_t)mask->width);
    return true;
}

/* The start of a window of `size` that holds position `at` of `length`. */
static int start_around(rng *r, int at, int size, int length) {
    return between(r, int_max(at - size + 1, 0), int_min(at, int_max(length - size, 0)));
}

/* `around`: the window holds a target pixel, where there is one. */
static status vary_crops(rng *r, bool around, augmentation turns, int size, pair p) {
    int x, y;
    TRY(resize_mask(p.mask, p.image->width, p.image->height));
    if (around && pick_target(r, p.mask, &x, &y)) {
        int left = start_around(r, x, size, p.image->width);
        TRY(crop(p, left, start_around(r, y, size, p.image->height), size));
    } else {
        TRY(crop_anywhere(r, size, p));
    }
    turn(r, turns, p);
    return STATUS_OK;
}

/* The other side when the longer one becomes `target`. */
static int in_proportion(int side, int longer, int target) {
    return int_max((int)((double)side * target / longer + 0.5), 1);
}

static status vary_mshnet(rng *r, int size, pair p) {
    if (coin(r)) {
        transform_flip_columns(p.image);
        transform_flip_columns(p.mask);
    }
    int longer = int_max(p.image->width, p.image->height), target = between(r, size / 2, 2 * size);
    int width = in_proportion(p.image->width, longer, target), height = in_proportion(p.image->height, longer, target);
    TRY(resize_antialiased(p.image, width, height));
    TRY(resize_mask_centred(p.mask, width, height));
    TRY(crop_anywhere(r, size, p));
    return coin(r) ? transform_blur(p.image, rng_uniform(r)) : STATUS_OK;
}

bool augment_turns(augmentation kind) {
    return kind != AUGMENT_NONE && kind != AUGMENT_TRANSPOSES;
}

int augment_whole_size(augmentation kind, int size) {
    switch (kind) {
    case AUGMENT_CROPS:
    case AUGMENT_TARGETS:
        return 0;
    case AUGMENT_UIUNET:
        return size * 10 / 9; /* the author's 320 for 288 */
    default:
        return size;
    }
}

static status vary_uiunet(rng *r, int size, pair p) {
    int whole = augment_whole_size(AUGMENT_UIUNET, size);
    TRY(resize_image(p.image, whole, whole));
    TRY(resize_mask_centred(p.mask, whole, whole));
    TRY(crop_anywhere(r, size, p));
    if (coin(r)) {
        transform_flip_rows(p.image);
        transform_flip_rows(p.mask);
    }
    return STATUS_OK;
}

/* Each sample has its own draws: one is enough for flips. */
static rng draws(augmentation kind, uint64_t seed, int64_t epoch, int sample) {
    enum { DRAWS = 64 };
    rng r = rng_new(seed, rng_stream_of("augment") + (uint64_t)epoch);
    r.index = (uint64_t)sample * (kind == AUGMENT_FLIPS || kind == AUGMENT_TRANSPOSES ? 1 : DRAWS);
    return r;
}

static status vary_kind(const augment_options *o, rng r, int size, pair p) {
    switch (o->kind) {
    case AUGMENT_NONE:
    case AUGMENT_FLIPS:
    case AUGMENT_TRANSPOSES:
        TRY(resize(p, size, size));
        turn(&r, o->kind, p);
        return STATUS_OK;
    case AUGMENT_CROPS:
        return vary_crops(&r, coin(&r), AUGMENT_FLIPS, size, p);
    case AUGMENT_MSHNET:
        return vary_mshnet(&r, size, p);
    case AUGMENT_UIUNET:
        return vary_uiunet(&r, size, p);
    case AUGMENT_TARGETS:
        if (o->whole > 0)
            TRY(resize(p, o->whole, o->whole));
        return vary_crops(&r, o->background <= 0 || rng_uniform(&r) >= o->background, o->turns, size, p);
    }
    assert(false); /* all kinds are above */
    return STATUS_USAGE;
}

status augment_pair(const augment_options *o, uint64_t seed, int64_t epoch, int sample, int size, grey_image *image,
                    grey_image *mask) {
    TRY(vary_kind(o, draws(o->kind, seed, epoch, sample), size, (pair){image, mask}));
    if (vary_geometry_any(&o->geometry) || vary_grey_any(&o->grey))
        transform_deepen(image);
    TRY(vary_geometry(&o->geometry, seed, epoch, sample, image, mask));
    return vary_grey(&o->grey, seed, epoch, sample, image);
}
