#include "modules/trained_resizing.h"

#include "core/io/image.h"
#include "modules/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY "data.resized"

/* A side by so much longer shows a network the same targets. */
static const double NOTICED = 1.25;

/* By how much a side of `pixels` pixels grows at size x size: 1 if not noticeably. */
static double growth(double pixels, int size) {
    double factor = size / sqrt(pixels);
    return factor > 1 / NOTICED && factor < NOTICED ? 1 : factor;
}

trained_resizing trained_resizing_of(const image_sizes *images, int size) {
    int64_t n = images->images;
    if (n == 0 || (growth(images->least, size) >= 1 && growth(images->most, size) <= 1))
        return (trained_resizing){0};
    return (trained_resizing){(int)((images->width + n / 2) / n), (int)((images->height + n / 2) / n), size};
}

static status parse(const char *path, const char *text, trained_resizing *out) {
    int end = -1;
    bool complete = sscanf(text, "%6dx%6d to %6d%n", &out->width, &out->height, &out->size, &end) == 3 && !text[end];
    int least = out->width < out->height ? out->width : out->height;
    int most = out->width > out->height ? out->width : out->height;
    if (complete && least > 0 && out->size > 0 && most <= IMAGE_LARGEST_SIDE && out->size <= IMAGE_LARGEST_SIDE)
        return STATUS_OK;
    *out = (trained_resizing){0};
    return status_fail(STATUS_INPUT, "%s: " KEY " is '%.100s'; expected WIDTHxHEIGHT to SIZE", path, text);
}

status trained_resizing_read(const char *path, trained_resizing *out) {
    h5_file *file;
    char *text = NULL;
    *out = (trained_resizing){0};
    status result = checkpoint_open(path, &file);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* whoever loads it says what it is */
    if (h5_has_attribute(file, "/", KEY))
        result = h5_read_attribute_text(file, "/", KEY, &text);
    if (result == STATUS_OK && text)
        result = parse(path, text, out);
    free(text);
    h5_close(file);
    return result;
}

status trained_resizing_write(h5_file *file, const trained_resizing *r) {
    char text[64];
    if (r->size == 0)
        return STATUS_OK;
    snprintf(text, sizeof text, "%dx%d to %d", r->width, r->height, r->size);
    return h5_write_attribute_text(file, "/", KEY, text);
}

bool trained_resizing_remark(const trained_resizing *r, const char *checkpoint, const image_sizes *images,
                             const char *setting, char *text, size_t size) {
    if (r->size == 0 || images->images == 0)
        return false;
    double trained = growth((double)r->width * r->height, r->size), missed = growth(images->most, r->size);
    if ((trained < 1) != (missed < 1) || (trained > 1) != (missed > 1))
        return false;
    snprintf(text, size,
             "%.3000s was trained on images of %dx%d resized to %dx%d; these are searched at their own size, where "
             "targets are %s than it knows them: %s %d resizes them",
             checkpoint, r->width, r->height, r->size, r->size, trained < 1 ? "larger" : "smaller", setting, r->size);
    return true;
}
