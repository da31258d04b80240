#include "datasets/transform.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint16_t *row_of(const grey_image *image, int y) {
    return image->pixels + (size_t)y * (size_t)image->width;
}

static void swap(uint16_t *a, uint16_t *b) {
    uint16_t kept = *a;
    *a = *b;
    *b = kept;
}

void transform_flip_rows(grey_image *image) {
    for (int y = 0; y < image->height / 2; y++) {
        uint16_t *upper = row_of(image, y), *lower = row_of(image, image->height - 1 - y);
        for (int x = 0; x < image->width; x++)
            swap(&upper[x], &lower[x]);
    }
}

void transform_flip_columns(grey_image *image) {
    for (int y = 0; y < image->height; y++) {
        uint16_t *row = row_of(image, y);
        for (int x = 0; x < image->width / 2; x++)
            swap(&row[x], &row[image->width - 1 - x]);
    }
}

void transform_transpose(grey_image *image) {
    for (int y = 1; y < image->height; y++)
        for (int x = 0; x < y; x++)
            swap(&row_of(image, y)[x], &row_of(image, x)[y]);
}

static int larger(int a, int b) {
    return a > b ? a : b;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

status transform_crop(grey_image *image, int x, int y, int width, int height) {
    grey_image window;
    TRY(grey_image_new(width, height, image->maximum, &window));
    int first = larger(x, 0), end = smaller(x + width, image->width);
    for (int row = larger(y, 0); row < smaller(y + height, image->height) && first < end; row++)
        memcpy(row_of(&window, row - y) + (first - x), row_of(image, row) + first,
               (size_t)(end - first) * sizeof *image->pixels);
    grey_image_free(image);
    *image = window;
    return STATUS_OK;
}

/* One pass over `count` values `stride` apart. */
static void smooth(float *values, int count, size_t stride, float side) {
    float centre_weight = 1 / (1 + 2 * side), before = *values;
    for (int i = 0; i < count; i++) {
        float *at = values + (size_t)i * stride, here = *at, after = i + 1 < count ? at[stride] : here;
        *at = (here + side * (before + after)) * centre_weight;
        before = here;
    }
}

status transform_blur(grey_image *image, double sigma) {
    size_t width = (size_t)image->width, pixels = width * (size_t)image->height;
    float side = (float)(sigma * sigma / (2 * (3 - sigma * sigma))); /* variance of a pass: 2 a / (1 + 2 a) */
    float *values = malloc(pixels * sizeof *values);
    if (!values)
        return status_fail(STATUS_MEMORY, "out of memory to blur an image");
    for (size_t i = 0; i < pixels; i++)
        values[i] = image->pixels[i];
    for (int pass = 0; pass < 3; pass++) {
        for (int y = 0; y < image->height; y++)
            smooth(values + (size_t)y * width, image->width, 1, side);
        for (int x = 0; x < image->width; x++)
            smooth(values + x, image->height, width, side);
    }
    for (size_t i = 0; i < pixels; i++)
        image->pixels[i] = (uint16_t)lrintf(values[i]); /* never beyond the largest value: an average */
    free(values);
    return STATUS_OK;
}
