#include "eval/detect/detection_files.h"

#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "datasets/check/components.h"
#include "eval/detect/overlay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static status write_score(const char *path, const grey_image *image, const detected_image *result) {
    (void)image;
    size_t pixels = (size_t)result->width * (size_t)result->height;
    uint16_t *grey = malloc(pixels * sizeof *grey);
    if (!grey)
        return status_fail(STATUS_MEMORY, "%s: out of memory for the picture", path);
    for (size_t i = 0; i < pixels; i++)
        grey[i] = (uint16_t)lrintf(result->score[i] * 65535);
    status written = png_write_grey16(path, result->width, result->height, grey);
    free(grey);
    return written;
}

static status write_mask(const char *path, const grey_image *image, const detected_image *result) {
    (void)image;
    size_t pixels = (size_t)result->width * (size_t)result->height;
    uint8_t *grey = malloc(pixels);
    if (!grey)
        return status_fail(STATUS_MEMORY, "%s: out of memory for the picture", path);
    for (size_t i = 0; i < pixels; i++)
        grey[i] = result->mask[i] ? 255 : 0;
    status written = png_write_8(path, result->width, result->height, 1, grey);
    free(grey);
    return written;
}

/* Of every pixel the number that its detection has in the lists, 0 for none; 65535 is the last number that fits. */
static status write_labels(const char *path, const grey_image *image, const detected_image *result) {
    (void)image;
    size_t pixels = (size_t)result->width * (size_t)result->height;
    component_list components;
    TRY(components_find(result->mask, result->width, result->height, &components));
    uint16_t *grey = malloc(pixels * sizeof *grey);
    status written = STATUS_MEMORY;
    if (grey) {
        for (size_t i = 0; i < pixels; i++)
            grey[i] = (uint16_t)(components.labels[i] < UINT16_MAX ? components.labels[i] : UINT16_MAX);
        written = png_write_grey16(path, result->width, result->height, grey);
    } else {
        status_fail(STATUS_MEMORY, "%s: out of memory for the picture", path);
    }
    free(grey);
    component_list_free(&components);
    return written;
}

static status write_overlay(const char *path, const grey_image *image, const detected_image *result) {
    return overlay_write(path, image, &result->found);
}

static const struct {
    const char *suffix;
    status (*write)(const char *path, const grey_image *image, const detected_image *result);
} pictures[] = {
    {"_score.png", write_score},
    {"_mask.png", write_mask},
    {"_labels.png", write_labels},
    {"_overlay.png", write_overlay},
};
enum { PICTURES = sizeof pictures / sizeof *pictures };

status detection_write_pictures(const char *folder, const char *name, const grey_image *image,
                                const detected_image *result) {
    char paths[PICTURES][4096];
    for (int i = 0; i < PICTURES; i++)
        TRY(path_join(paths[i], folder, name, pictures[i].suffix));
    for (int i = 0; i < PICTURES; i++) {
        status written = pictures[i].write(paths[i], image, result);
        if (written == STATUS_OK)
            continue;
        while (i-- > 0)
            remove(paths[i]);
        return written;
    }
    return STATUS_OK;
}

void detection_remove_pictures(const char *folder, const char *name) {
    char path[4096];
    for (int i = 0; i < PICTURES; i++)
        if (path_join(path, folder, name, pictures[i].suffix) == STATUS_OK)
            remove(path);
}

static status write_map(h5_file *file, const char *name, const char *what, const detector_maps *maps,
                        const float *map) {
    char path[4096 + 32];
    h5_shape shape = {.rank = 2, .size = {maps->height, maps->width}};
    if (snprintf(path, sizeof path, "%s/%s", name, what) >= (int)sizeof path)
        return status_fail(STATUS_OUTPUT, "%s: the name is too long", name);
    return h5_write(file, path, H5_FLOAT32, &shape, map);
}

status detection_write_maps(h5_file *file, const char *name, const detector_maps *maps) {
    TRY(write_map(file, name, "score", maps, maps->score));
    if (maps->logit)
        TRY(write_map(file, name, "logit", maps, maps->logit));
    if (maps->reconstruction)
        TRY(write_map(file, name, "reconstruction", maps, maps->reconstruction));
    for (int i = 0; i < maps->stage_count; i++)
        TRY(write_map(file, name, maps->stages[i].name, maps, maps->stages[i].map));
    return STATUS_OK;
}
