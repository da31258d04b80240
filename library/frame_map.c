#include "library/frame_map.h"

#include "core/io/image.h"
#include "datasets/preprocess.h"
#include "eval/measure/score_map.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 65535 };

static int pixel_bytes(irst_format format) {
    switch (format) {
    case IRST_U8:
        return 1;
    case IRST_U16:
        return 2;
    case IRST_F32:
        return 4;
    }
    return 0;
}

static status check(const irst_frame *f) {
    int bytes = pixel_bytes(f->format);
    if (!f->pixels)
        return status_fail(STATUS_USAGE, "the frame has no pixels");
    if (!bytes)
        return status_fail(STATUS_USAGE, "the frame has format %d, expected IRST_U8, IRST_U16 or IRST_F32",
                           (int)f->format);
    if (f->width < 1 || f->height < 1 || f->width > IMAGE_LARGEST_SIDE || f->height > IMAGE_LARGEST_SIDE)
        return status_fail(STATUS_USAGE, "a frame of %dx%d pixels, expected sides of 1 to %d", f->width, f->height,
                           IMAGE_LARGEST_SIDE);
    if (f->stride != 0 && (f->stride == LONG_MIN || labs(f->stride) < (long)f->width * bytes))
        return status_fail(STATUS_USAGE, "a stride of %ld bytes, expected 0 or at least the %ld of a row", f->stride,
                           (long)f->width * bytes);
    if (!isfinite(f->low) || !isfinite(f->high) || f->low > f->high)
        return status_fail(STATUS_USAGE, "the frame's range is %g to %g, expected low below high, or both equal",
                           f->low, f->high);
    return STATUS_OK;
}

static const char *row_of(const irst_frame *f, int y) {
    long stride = f->stride ? f->stride : (long)f->width * pixel_bytes(f->format);
    return (const char *)f->pixels + (ptrdiff_t)y * stride;
}

/* Rows may begin at any byte. */
static void read_integers(const irst_frame *f, uint16_t *out) {
    for (int y = 0; y < f->height; y++, out += f->width) {
        const char *row = row_of(f, y);
        if (f->format == IRST_U16)
            memcpy(out, row, (size_t)f->width * sizeof *out);
        else
            for (int x = 0; x < f->width; x++)
                out[x] = (uint8_t)row[x];
    }
}

static status read_floats(const irst_frame *f, float *out, float *low, float *high) {
    *low = INFINITY, *high = -INFINITY;
    for (int y = 0; y < f->height; y++, out += f->width) {
        memcpy(out, row_of(f, y), (size_t)f->width * sizeof *out);
        for (int x = 0; x < f->width; x++) {
            if (!isfinite(out[x]))
                return status_fail(STATUS_INPUT, "pixel (%d, %d) of the frame is not a finite number", x, y);
            *low = fminf(*low, out[x]);
            *high = fmaxf(*high, out[x]);
        }
    }
    return STATUS_OK;
}

static float share_of(double value, double low, double high) {
    return (float)fmin(fmax((value - low) / (high - low), 0), 1);
}

static status view_image(const grey_image *image, int size, float *out) {
    grey_image resized = {0};
    if (size > 0) {
        TRY(grey_image_resize_bilinear(image, size, size, &resized));
        image = &resized;
    }
    image_to_unit(image, out);
    grey_image_free(&resized);
    return STATUS_OK;
}

static status map_integers(const irst_frame *f, const grey_range *range, int size, workspace *w, uint16_t *pixels,
                           float *out) {
    grey_image image = {f->width, f->height, f->format == IRST_U8 ? 255 : DEEPEST, pixels, 0, 0, false};
    read_integers(f, pixels);
    int *histogram = workspace_take(w, GREY_RANGE_VALUES, sizeof *histogram);
    TRY(workspace_check(w));
    grey_range_apply_in(range, histogram, &image);
    return view_image(&image, size, out);
}

/* A frame's own scale, in 16 bits as of a file of floats. */
static status map_own_scale(const irst_frame *f, const grey_range *range, double low, double high, workspace *w,
                            uint16_t *pixels, float *map) {
    size_t count = (size_t)f->width * (size_t)f->height;
    grey_image image = {f->width, f->height, DEEPEST, pixels, 0, 0, false};
    int *histogram = workspace_take(w, GREY_RANGE_VALUES, sizeof *histogram);
    TRY(workspace_check(w));
    for (size_t i = 0; i < count; i++)
        pixels[i] = high > low ? (uint16_t)lrint(DEEPEST * (map[i] - low) / (high - low)) : 0;
    grey_range_apply_in(range, histogram, &image);
    image_to_unit(&image, map);
    return STATUS_OK;
}

static status map_floats(const irst_frame *f, const grey_range *range, workspace *w, uint16_t *pixels, float *map) {
    size_t count = (size_t)f->width * (size_t)f->height;
    float least, most;
    double low = 0, high = 1;
    TRY(read_floats(f, map, &least, &most));
    if (range->kind == RANGE_IMAGE || range->kind == RANGE_PERCENTILE)
        return map_own_scale(f, range, least, most, w, pixels, map);
    if (range->kind == RANGE_VALUES)
        low = range->low, high = range->high;
    else if (least < -IMAGE_MOST_OUTSIDE || most > 1 + IMAGE_MOST_OUTSIDE)
        return status_fail(STATUS_INPUT,
                           "the frame's floats run from %g to %g: say by low and high, or the setting range, what is "
                           "black and white; without them it is 0 and 1",
                           least, most);
    for (size_t i = 0; i < count; i++)
        map[i] = share_of(map[i], low, high);
    return STATUS_OK;
}

status frame_map(const irst_frame *frame, const grey_range *range, int size, workspace *w, frame_view *out) {
    TRY(check(frame));
    size_t pixels = (size_t)frame->width * (size_t)frame->height;
    *out = size > 0 ? (frame_view){.width = size, .height = size} : (frame_view){NULL, frame->width, frame->height};
    out->values = workspace_take(w, (size_t)out->width * (size_t)out->height, sizeof *out->values);
    uint16_t *stored = workspace_take(w, pixels, sizeof *stored);
    bool resizes_floats = frame->format == IRST_F32 && size > 0;
    float *native = resizes_floats ? workspace_take(w, pixels, sizeof *native) : out->values;
    TRY(workspace_check(w));
    const grey_range own = {.kind = RANGE_VALUES, .low = frame->low, .high = frame->high};
    if (frame->low < frame->high)
        range = &own;
    if (frame->format != IRST_F32)
        return map_integers(frame, range, size, w, stored, out->values);
    TRY(map_floats(frame, range, w, stored, native));
    if (resizes_floats)
        score_map_resize(native, frame->width, frame->height, size, size, out->values);
    return STATUS_OK;
}
