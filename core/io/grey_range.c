#include "core/io/grey_range.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_PERCENT 0.1

/* Shares of full scale below which the values of images look like an oversight. 14 bits in 16 fill a quarter; in 8 bits
 * it takes more, for there are true images of low contrast. */
#define LITTLE_OF_DEEP 0.5
#define LITTLE_OF_8_BITS 0.0625

enum { VALUES = GREY_RANGE_VALUES };

static bool read_percentile(const char *text, grey_range *out) {
    char *end;
    *out = (grey_range){.kind = RANGE_PERCENTILE, .percent = USUAL_PERCENT};
    if (*text == '\0')
        return true;
    if (*text != ':')
        return false;
    out->percent = strtod(text + 1, &end);
    return end != text + 1 && *end == '\0' && out->percent >= 0 && out->percent < 50;
}

static bool read_values(const char *text, grey_range *out) {
    char *end;
    *out = (grey_range){.kind = RANGE_VALUES};
    out->low = strtod(text, &end);
    if (end == text || *end != ',')
        return false;
    const char *second = end + 1;
    out->high = strtod(second, &end);
    return end != second && *end == '\0' && isfinite(out->low) && isfinite(out->high) && out->low < out->high;
}

status grey_range_read(const char *text, const char *option, grey_range *out) {
    static const char percentile[] = "percentile";
    *out = (grey_range){.kind = RANGE_FULL};
    if (!strcmp(text, "full"))
        return STATUS_OK;
    if (!strcmp(text, "image")) {
        out->kind = RANGE_IMAGE;
        return STATUS_OK;
    }
    bool is_percentile = !strncmp(text, percentile, sizeof percentile - 1);
    if (is_percentile ? read_percentile(text + sizeof percentile - 1, out) : read_values(text, out))
        return STATUS_OK;
    return status_fail(STATUS_USAGE,
                       "%s is '%s'; expected full, image, percentile, percentile:P with P in 0..50, or LO,HI with LO "
                       "below HI",
                       option, text);
}

/* The smallest value that more than `skip` pixels do not exceed, counted from the end that `step` leads away from. */
static int value_after(const int *histogram, int from, int step, double skip) {
    double seen = 0;
    int value = from;
    for (; value >= 0 && value < VALUES; value += step) {
        seen += histogram[value];
        if (seen > skip)
            break;
    }
    return value;
}

static void find_percentiles(const grey_image *image, double percent, int *histogram, double *low, double *high) {
    memset(histogram, 0, VALUES * sizeof *histogram);
    size_t pixels = grey_image_pixels(image);
    for (size_t i = 0; i < pixels; i++)
        histogram[image->pixels[i]]++;
    double skip = percent / 100 * (double)pixels;
    *low = value_after(histogram, 0, 1, skip);
    *high = value_after(histogram, VALUES - 1, -1, skip);
}

/* The file's value as a pixel of the image. */
static double pixel_of(const grey_image *image, double value) {
    if (image->value_low == image->value_high)
        return value;
    return (value - image->value_low) / (image->value_high - image->value_low) * image->maximum;
}

void grey_range_apply_in(const grey_range *range, int *histogram, grey_image *image) {
    double low = 0, high = 0;
    switch (range->kind) {
    case RANGE_FULL:
        return;
    case RANGE_VALUES:
        low = pixel_of(image, range->low);
        high = pixel_of(image, range->high);
        break;
    case RANGE_IMAGE:
    case RANGE_PERCENTILE:
        find_percentiles(image, range->kind == RANGE_IMAGE ? 0 : range->percent, histogram, &low, &high);
        break;
    }
    double scale = high > low ? VALUES - 1 : 0, width = high > low ? high - low : 1;
    for (size_t i = 0; i < grey_image_pixels(image); i++) {
        double share = fmin(fmax((image->pixels[i] - low) / width, 0), 1);
        image->pixels[i] = (uint16_t)lrint(share * scale);
    }
    image->maximum = VALUES - 1;
    image->value_low = image->value_high = 0;
    image->own_scale = false;
}

status grey_range_apply(const grey_range *range, grey_image *image) {
    int *histogram = malloc(VALUES * sizeof *histogram);
    if (!histogram)
        return status_fail(STATUS_MEMORY, "out of memory for the values of an image");
    grey_range_apply_in(range, histogram, image);
    free(histogram);
    return STATUS_OK;
}

void grey_span_add(grey_span *span, const grey_image *image) {
    int low = image->maximum, high = 0;
    for (size_t i = 0; i < grey_image_pixels(image); i++) {
        int value = image->pixels[i];
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    double darkest = (double)low / image->maximum, brightest = (double)high / image->maximum;
    span->low = span->images && span->low < darkest ? span->low : darkest;
    span->high = span->images && span->high > brightest ? span->high : brightest;
    span->unit = image->value_high > 0 ? image->value_high : image->maximum;
    span->images++;
    span->deep += image->maximum > 255;
    span->own_scales += image->own_scale;
    if (image->value_high > 0 && !image->own_scale) {
        double scale = image->value_high;
        span->least_scale = span->least_scale > 0 ? fmin(span->least_scale, scale) : scale;
        span->most_scale = fmax(span->most_scale, scale);
    }
}

double grey_span_value(const grey_span *span, double share) {
    double value = share * span->unit;
    return span->unit > 1 && span->unit == rint(span->unit) ? rint(value) : value;
}

/* The number of bits that hold the largest value, if a camera could have meant them: 0 else. */
static int likely_bits(double high) {
    static const int usual[] = {8, 10, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (high < (double)(1 << usual[i]))
            return usual[i];
    return 0;
}

bool grey_span_remark(const grey_span *span, const char *option, char *out, size_t size) {
    char bits_text[64] = "";
    if (span->images == 0)
        return false;
    if (span->own_scales) {
        snprintf(out, size,
                 "%lld of %lld images hold numbers without a full scale: each was spread from its smallest to its "
                 "largest value; %sLO,HI gives all of them one scale",
                 (long long)span->own_scales, (long long)span->images, option);
        return true;
    }
    if (span->least_scale < span->most_scale) {
        snprintf(out, size,
                 "the full scales of the images run from %.6g to %.6g, and each is read by its own: %sLO,HI gives all "
                 "of them one",
                 span->least_scale, span->most_scale, option);
        return true;
    }
    double share = span->high - span->low;
    if (share >= (span->deep == span->images ? LITTLE_OF_DEEP : LITTLE_OF_8_BITS))
        return false;
    if (share <= 0) {
        snprintf(out, size, "every pixel is %.6g: there is nothing to see", grey_span_value(span, span->low));
        return true;
    }
    int bits = span->unit == VALUES - 1 ? likely_bits(span->high * span->unit) : 0;
    if (bits)
        snprintf(bits_text, sizeof bits_text, "%s0,%d (%d bits), ", option, (1 << bits) - 1, bits);
    snprintf(
        out, size,
        "grey values run from %.6g to %.6g and fill %.2g %% of the range 0 to %.6g that is read as black to white: "
        "give %s%sLO,HI, image or percentile",
        grey_span_value(span, span->low), grey_span_value(span, span->high), 100 * share, span->unit, bits_text,
        bits ? "" : option);
    return true;
}
