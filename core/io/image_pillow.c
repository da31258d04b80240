/* Resizing with Pillow's arithmetic. */
#include "core/io/image.h"

#include <math.h>
#include <stdlib.h>

/* Fixed-point weights have 22 bits; each pass rounds to whole grey levels. */
#define WEIGHT_ONE (1 << 22)

/* The source pixels that one target column or row averages: weight[0 .. count - 1], from `first`. */
typedef struct span {
    int first, count;
    int32_t *weight;
} span;

/* How wide the triangle is, to either side, in source pixels. */
static double reach_of(int source, int target) {
    double step = (double)source / target;
    return step > 1 ? step : 1;
}

static int most_weights(int source, int target) {
    return 2 * (int)ceil(reach_of(source, target)) + 1;
}

static double triangle(double x) {
    return fabs(x) < 1 ? 1 - fabs(x) : 0;
}

static void fill_span(int i, int source, int target, span *out) {
    double reach = reach_of(source, target), sum = 0;
    double centre = (i + 0.5) * ((double)source / target);
    int first = (int)(centre - reach + 0.5), end = (int)(centre + reach + 0.5);
    out->first = first < 0 ? 0 : first;
    out->count = (end > source ? source : end) - out->first;
    for (int k = 0; k < out->count; k++)
        sum += triangle((out->first + k - centre + 0.5) / reach);
    for (int k = 0; k < out->count; k++)
        out->weight[k] = (int32_t)(triangle((out->first + k - centre + 0.5) / reach) / sum * WEIGHT_ONE + 0.5);
}

/* `target` spans and their weights in one piece, freed by the caller; NULL if out of memory. */
static span *make_spans(int source, int target) {
    size_t most = (size_t)most_weights(source, target), count = (size_t)target;
    span *spans = malloc(count * sizeof *spans + count * most * sizeof(int32_t));
    if (!spans)
        return NULL;
    int32_t *weights = (int32_t *)(spans + count);
    for (int i = 0; i < target; i++) {
        spans[i].weight = weights + (size_t)i * most;
        fill_span(i, source, target, &spans[i]);
    }
    return spans;
}

/* The weighted sum of pixels `stride` apart. */
static uint16_t average(const uint16_t *pixels, size_t stride, const span *s, int maximum) {
    int64_t sum = WEIGHT_ONE / 2;
    for (int k = 0; k < s->count; k++)
        sum += (int64_t)pixels[(size_t)(s->first + k) * stride] * s->weight[k];
    int64_t level = sum / WEIGHT_ONE;
    return (uint16_t)(level > maximum ? maximum : level);
}

/* Columns first, then rows, as Pillow; `narrow` has the new width and the old height. */
static void resize_twice(const grey_image *image, const span *columns, const span *rows, grey_image *narrow,
                         grey_image *out) {
    size_t width = (size_t)out->width;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < out->width; x++)
            narrow->pixels[(size_t)y * width + (size_t)x] =
                average(image->pixels + (size_t)y * (size_t)image->width, 1, &columns[x], image->maximum);
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++)
            out->pixels[(size_t)y * width + (size_t)x] = average(narrow->pixels + x, width, &rows[y], image->maximum);
}

status grey_image_resize_antialiased(const grey_image *image, int width, int height, grey_image *out) {
    grey_image narrow;
    TRY(grey_image_new(width, height, image->maximum, out));
    status result = grey_image_new(width, image->height, image->maximum, &narrow);
    span *columns = make_spans(image->width, width), *rows = make_spans(image->height, height);
    if (result == STATUS_OK && (!columns || !rows))
        result = status_fail(STATUS_MEMORY, "out of memory to resize an image to %d x %d pixels", width, height);
    if (result == STATUS_OK)
        resize_twice(image, columns, rows, &narrow, out);
    else
        grey_image_free(out);
    grey_image_free(&narrow);
    free(columns);
    free(rows);
    return result;
}

static int centred_index(int i, int source, int target) {
    return (int)((2 * (int64_t)i + 1) * source / (2 * (int64_t)target));
}

status grey_image_resize_centred(const grey_image *image, int width, int height, grey_image *out) {
    TRY(grey_image_new(width, height, image->maximum, out));
    for (int y = 0; y < height; y++) {
        const uint16_t *source = image->pixels + (size_t)centred_index(y, image->height, height) * (size_t)image->width;
        uint16_t *target = out->pixels + (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++)
            target[x] = source[centred_index(x, image->width, width)];
    }
    return STATUS_OK;
}
