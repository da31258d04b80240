#include "modules/trained_view.h"

#include "modules/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "data.seen"

/* A side by so much longer shows a network the same targets. */
static const double NOTICED = 1.25;

/* By how much a side of `pixels` pixels grows at size x size: 1 if not noticeably. */
static double growth(double pixels, int size) {
    double factor = size > 0 ? size / sqrt(pixels) : 1;
    return factor > 1 / NOTICED && factor < NOTICED ? 1 : factor;
}

trained_view trained_view_of(const image_sizes *images, int size) {
    int64_t n = images->images;
    trained_view view = {.is_known = n > 0, .size = size};
    if (n > 0 && (growth(images->least, size) < 1 || growth(images->most, size) > 1)) {
        view.width = (int)((images->width + n / 2) / n);
        view.height = (int)((images->height + n / 2) / n);
    }
    return view;
}

/* --- in a file --- */

static bool is_side(int side) {
    return side > 0 && side <= IMAGE_LARGEST_SIDE;
}

bool trained_view_parse(const char *text, trained_view *out) {
    int end = -1;
    *out = (trained_view){.is_known = true};
    if (!strcmp(text, "native"))
        return true;
    if (sscanf(text, "%6d%n", &out->size, &end) == 1 && !text[end])
        return is_side(out->size);
    return sscanf(text, "%6dx%6d to %6d%n", &out->width, &out->height, &out->size, &end) == 3 && !text[end] &&
           is_side(out->width) && is_side(out->height) && is_side(out->size);
}

/* A run's checkpoint of before there was the attribute has the configuration's. */
static status read_text(const h5_file *file, char **out) {
    const char *key = h5_has_attribute(file, "/", KEY) ? KEY : "data.size";
    *out = NULL;
    return h5_has_attribute(file, "/", key) ? h5_read_attribute_text(file, "/", key, out) : STATUS_OK;
}

status trained_view_read(const char *path, trained_view *out) {
    h5_file *file;
    char *text = NULL;
    *out = (trained_view){0};
    status result = checkpoint_open(path, &file);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* whoever loads it says what it is */
    result = read_text(file, &text);
    if (result == STATUS_OK && text && !trained_view_parse(text, out)) {
        *out = (trained_view){0};
        result = status_fail(STATUS_INPUT, "%s: " KEY " is '%.100s'; expected native, SIZE or WIDTHxHEIGHT to SIZE",
                             path, text);
    }
    free(text);
    h5_close(file);
    return result;
}

void trained_view_print(const trained_view *v, char *text, size_t size) {
    snprintf(text, size, "native");
    if (v->width > 0)
        snprintf(text, size, "%dx%d to %d", v->width, v->height, v->size);
    else if (v->size > 0)
        snprintf(text, size, "%d", v->size);
}

status trained_view_write(h5_file *file, const trained_view *v) {
    char text[64];
    if (!v->is_known)
        return STATUS_OK;
    trained_view_print(v, text, sizeof text);
    return h5_write_attribute_text(file, "/", KEY, text);
}

/* --- for readers --- */

void trained_view_text(const trained_view *v, char *text, size_t size) {
    if (v->width > 0)
        snprintf(text, size, "%dx%d pixels, resized to %dx%d", v->width, v->height, v->size, v->size);
    else if (v->size > 0)
        snprintf(text, size, "%dx%d pixels", v->size, v->size);
    else
        snprintf(text, size, "any size");
}

/* Searched at their own size: noticed where that is another than the network saw such images at. */
static bool misses_resizing(const trained_view *v, const image_sizes *images) {
    if (v->width == 0)
        return false;
    double trained = growth((double)v->width * v->height, v->size), missed = growth(images->most, v->size);
    return (trained < 1 && missed < 1) || (trained > 1 && missed > 1);
}

bool trained_view_remark(const trained_view *v, const char *checkpoint, int size, const image_sizes *images,
                         const char *setting, char *text, size_t room) {
    if (!v->is_known || images->images == 0)
        return false;
    if (size == 0 && misses_resizing(v, images)) {
        bool smaller = growth((double)v->width * v->height, v->size) < 1;
        snprintf(text, room,
                 "%.3000s was trained on images of %dx%d resized to %dx%d; these are searched at their own size, where "
                 "targets are %s than it knows them: %s %d resizes them",
                 checkpoint, v->width, v->height, v->size, v->size, smaller ? "larger" : "smaller", setting, v->size);
        return true;
    }
    if (size > 0 && v->size > 0 && growth((double)v->size * v->size, size) != 1) {
        snprintf(text, room,
                 "%.3000s was trained at %dx%d and sees images at %dx%d, where targets have another size: %s %d",
                 checkpoint, v->size, v->size, size, size, setting, v->size);
        return true;
    }
    if (size > 0 && v->size == 0 && (growth(images->least, size) != 1 || growth(images->most, size) != 1)) {
        snprintf(text, room,
                 "%.3000s was trained on images at their own size and sees these at %dx%d, where targets have another "
                 "size: %s native",
                 checkpoint, size, size, setting);
        return true;
    }
    return false;
}
