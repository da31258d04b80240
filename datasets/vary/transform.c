#include "datasets/vary/transform.h"

#include "core/base/whole_numbers.h"

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

status transform_crop(grey_image *image, int x, int y, int width, int height) {
    grey_image window;
    TRY(grey_image_new(width, height, image->maximum, &window));
    int first = int_max(x, 0), end = int_min(x + width, image->width);
    for (int row = int_max(y, 0); row < int_min(y + height, image->height) && first < end; row++)
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

/* A row or column of `count` values `stride` apart, through a copy in `line`. */
static void convolve(float *values, int count, size_t stride, const float *weights, int radius, float *line) {
    for (int i = 0; i < count; i++)
        line[i] = values[(size_t)i * stride];
    for (int i = 0; i < count; i++) {
        float sum = 0;
        for (int k = -radius; k <= radius; k++)
            sum += weights[k + radius] * line[int_clamp(i + k, 0, count - 1)];
        values[(size_t)i * stride] = sum;
    }
}

/* Weights of a sampled Gaussian, which add up to 1. */
static void sample_gaussian(double sigma, int radius, float *weights) {
    double sum = 0;
    for (int k = -radius; k <= radius; k++)
        sum += exp(-k * k / (2 * sigma * sigma));
    for (int k = -radius; k <= radius; k++)
        weights[k + radius] = (float)(exp(-k * k / (2 * sigma * sigma)) / sum);
}

status transform_gaussian(grey_image *image, double sigma) {
    int radius = (int)ceil(4 * sigma);
    size_t width = (size_t)image->width, pixels = width * (size_t)image->height;
    float *values =
        malloc((pixels + (size_t)int_max(image->width, image->height) + 2 * (size_t)radius + 1) * sizeof *values);
    if (!values)
        return status_fail(STATUS_MEMORY, "out of memory to blur an image");
    float *weights = values + pixels, *line = weights + 2 * radius + 1;
    sample_gaussian(sigma, radius, weights);
    for (size_t i = 0; i < pixels; i++)
        values[i] = image->pixels[i];
    for (int y = 0; y < image->height; y++)
        convolve(values + (size_t)y * width, image->width, 1, weights, radius, line);
    for (int x = 0; x < image->width; x++)
        convolve(values + x, image->height, width, weights, radius, line);
    for (size_t i = 0; i < pixels; i++) /* the rounded weights may add up to a little more than 1 */
        image->pixels[i] = (uint16_t)int_min((int)lrintf(values[i]), image->maximum);
    free(values);
    return STATUS_OK;
}

void transform_deepen(grey_image *image) {
    if (image->maximum != 255)
        return;
    for (size_t i = 0; i < grey_image_pixels(image); i++)
        image->pixels[i] = (uint16_t)(image->pixels[i] * 257);
    image->maximum = 65535;
}

/* The pixel that position `at` is reflected to. */
static int reflected(int at, int count) {
    int period = int_max(2 * (count - 1), 1);
    at = abs(at) % period;
    return int_min(at, period - at);
}

static uint16_t value_at(const grey_image *image, int x, int y) {
    return row_of(image, reflected(y, image->height))[reflected(x, image->width)];
}

static uint16_t nearest(const grey_image *image, double x, double y) {
    return value_at(image, (int)floor(x + 0.5), (int)floor(y + 0.5));
}

static uint16_t bilinear(const grey_image *image, double x, double y) {
    int left = (int)floor(x), top = (int)floor(y);
    double right_share = x - left, lower_share = y - top;
    double upper = (1 - right_share) * value_at(image, left, top) + right_share * value_at(image, left + 1, top);
    double lower =
        (1 - right_share) * value_at(image, left, top + 1) + right_share * value_at(image, left + 1, top + 1);
    return (uint16_t)lrint((1 - lower_share) * upper + lower_share * lower);
}

static status look_up(grey_image *image, double step_x, double step_y,
                      uint16_t (*value)(const grey_image *image, double x, double y)) {
    grey_image out;
    TRY(grey_image_new(image->width, image->height, image->maximum, &out));
    double centre_x = (image->width - 1) / 2.0, centre_y = (image->height - 1) / 2.0;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            double right = x - centre_x, down = y - centre_y;
            row_of(&out, y)[x] =
                value(image, centre_x + right * step_x - down * step_y, centre_y + right * step_y + down * step_x);
        }
    grey_image_free(image);
    *image = out;
    return STATUS_OK;
}

status transform_similar_bilinear(grey_image *image, double step_x, double step_y) {
    return look_up(image, step_x, step_y, bilinear);
}

status transform_similar_nearest(grey_image *image, double step_x, double step_y) {
    return look_up(image, step_x, step_y, nearest);
}
