#include "core/io/image.h"

#include "core/base/whole_numbers.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

status grey_image_check_size(int64_t width, int64_t height) {
    if (width >= 1 && height >= 1 && width <= IMAGE_LARGEST_SIDE && height <= IMAGE_LARGEST_SIDE &&
        width * height <= IMAGE_MOST_PIXELS)
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "an image of %lld x %lld pixels: expected sides of 1 to %d and at most %d pixels",
                       (long long)width, (long long)height, IMAGE_LARGEST_SIDE, IMAGE_MOST_PIXELS);
}

status grey_image_new(int width, int height, int maximum, grey_image *out) {
    *out = (grey_image){0};
    TRY(grey_image_check_size(width, height));
    uint16_t *pixels = calloc((size_t)width * (size_t)height, sizeof *pixels);
    if (pixels == NULL)
        return status_fail(STATUS_MEMORY, "out of memory for an image of %d x %d pixels", width, height);
    *out = (grey_image){.width = width, .height = height, .maximum = maximum, .pixels = pixels};
    return STATUS_OK;
}

void grey_image_free(grey_image *image) {
    free(image->pixels);
    *image = (grey_image){0};
}

/* The step in the source for one step in the target. The reciprocal of a quotient is not always the opposite
 * quotient in floating point; OpenCV computes it so, and source positions depend on it. */
static double source_step(int source, int target) {
    return 1.0 / ((double)target / (double)source);
}

/* Where one target column or row takes its value: (1 - share) * source[low] + share * source[high].
 * The fixed-point weights have 11 bits and are rounded each on its own. */
typedef struct tap {
    int low, high;
    float low_weight, high_weight;
    int low_fixed, high_fixed;
} tap;

#define WEIGHT_SCALE 2048.0f

/* At the border both neighbours are the same pixel. Columns then have weights 1 and 0, but rows keep theirs:
 * with the truncations of the vertical pass this makes a difference, and OpenCV has it so. */
typedef enum border { BORDER_WHOLE, BORDER_SHARED } border;

/* `target` taps, owned by the caller; NULL if out of memory. */
static tap *make_taps(int source, int target, border rule) {
    tap *taps = malloc((size_t)target * sizeof *taps);
    if (taps == NULL)
        return NULL;
    double step = source_step(source, target);
    for (int i = 0; i < target; i++) {
        float position = (float)((i + 0.5) * step - 0.5);
        int low = (int)floorf(position);
        float share = position - (float)low;
        if (rule == BORDER_WHOLE && (low < 0 || low >= source - 1))
            share = 0.0f;
        taps[i] = (tap){.low = int_clamp(low, 0, source - 1),
                        .high = int_clamp(low + 1, 0, source - 1),
                        .low_weight = 1.0f - share,
                        .high_weight = share,
                        .low_fixed = (int)lrintf((1.0f - share) * WEIGHT_SCALE),
                        .high_fixed = (int)lrintf(share * WEIGHT_SCALE)};
    }
    return taps;
}

/* Rows resized horizontally. Neighbouring target rows share source rows, and two consecutive source rows
 * differ in their last bit, so that bit picks the slot and each row is computed once. */
typedef struct row_cache {
    int source_row[2]; /* which row a slot holds, -1 for none */
    int32_t *fixed[2]; /* 8-bit images: values times 2^11 */
    float *real[2];    /* 16-bit images */
} row_cache;

static int cached_row(row_cache *cache, const grey_image *image, int y, const tap *columns, int width) {
    int slot = y & 1;
    if (cache->source_row[slot] == y)
        return slot;
    cache->source_row[slot] = y;
    const uint16_t *row = image->pixels + (size_t)y * (size_t)image->width;
    if (image->maximum <= 255) {
        for (int x = 0; x < width; x++)
            cache->fixed[slot][x] =
                row[columns[x].low] * columns[x].low_fixed + row[columns[x].high] * columns[x].high_fixed;
    } else {
        for (int x = 0; x < width; x++)
            cache->real[slot][x] = (float)row[columns[x].low] * columns[x].low_weight +
                                   (float)row[columns[x].high] * columns[x].high_weight;
    }
    return slot;
}

/* The vertical pass in OpenCV's arithmetic for vector units of 16 bits: four bits are cut before the product
 * and sixteen after it; the two that remain are rounded. */
static void blend_rows_fixed(const int32_t *low, const int32_t *high, const tap *row, int width, uint16_t *out) {
    for (int x = 0; x < width; x++) {
        int a = ((low[x] >> 4) * row->low_fixed) >> 16;
        int b = ((high[x] >> 4) * row->high_fixed) >> 16;
        out[x] = (uint16_t)((a + b + 2) >> 2);
    }
}

static void blend_rows_real(const float *low, const float *high, const tap *row, int width, uint16_t *out) {
    for (int x = 0; x < width; x++) {
        float value = rintf(low[x] * row->low_weight + high[x] * row->high_weight);
        out[x] = (uint16_t)(value > 65535.0f ? 65535.0f : value);
    }
}

static void blend_all(const grey_image *image, const tap *columns, const tap *rows, row_cache *cache, grey_image *out) {
    for (int y = 0; y < out->height; y++) {
        int low = cached_row(cache, image, rows[y].low, columns, out->width);
        int high = cached_row(cache, image, rows[y].high, columns, out->width);
        uint16_t *target = out->pixels + (size_t)y * (size_t)out->width;
        if (image->maximum <= 255)
            blend_rows_fixed(cache->fixed[low], cache->fixed[high], &rows[y], out->width, target);
        else
            blend_rows_real(cache->real[low], cache->real[high], &rows[y], out->width, target);
    }
}

static void halve(const grey_image *image, grey_image *out) {
    for (int y = 0; y < out->height; y++) {
        const uint16_t *upper = image->pixels + 2 * (size_t)y * (size_t)image->width;
        const uint16_t *lower = upper + image->width;
        uint16_t *target = out->pixels + (size_t)y * (size_t)out->width;
        for (int x = 0; x < out->width; x++)
            target[x] = (uint16_t)((upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2) >> 2);
    }
}

status grey_image_resize_bilinear(const grey_image *image, int width, int height, grey_image *out) {
    TRY(grey_image_new(width, height, image->maximum, out));
    if (image->width == 2 * width && image->height == 2 * height) {
        halve(image, out);
        return STATUS_OK;
    }
    tap *columns = make_taps(image->width, width, BORDER_WHOLE);
    tap *rows = make_taps(image->height, height, BORDER_SHARED);
    void *buffer = malloc(2 * (size_t)width * sizeof(int32_t));
    bool ready = columns != NULL && rows != NULL && buffer != NULL;
    if (ready) {
        row_cache cache = {.source_row = {-1, -1},
                           .fixed = {buffer, (int32_t *)buffer + width},
                           .real = {buffer, (float *)buffer + width}};
        blend_all(image, columns, rows, &cache, out);
    }
    free(columns);
    free(rows);
    free(buffer);
    if (!ready) {
        grey_image_free(out);
        return status_fail(STATUS_MEMORY, "out of memory to resize an image to %d x %d pixels", width, height);
    }
    return STATUS_OK;
}

static int nearest_index(int i, double step, int source) {
    return int_clamp((int)floor(i * step), 0, source - 1);
}

status grey_image_resize_nearest(const grey_image *image, int width, int height, grey_image *out) {
    TRY(grey_image_new(width, height, image->maximum, out));
    double step_x = source_step(image->width, width), step_y = source_step(image->height, height);
    for (int y = 0; y < height; y++) {
        const uint16_t *source = image->pixels + (size_t)nearest_index(y, step_y, image->height) * (size_t)image->width;
        uint16_t *target = out->pixels + (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++)
            target[x] = source[nearest_index(x, step_x, image->width)];
    }
    return STATUS_OK;
}
