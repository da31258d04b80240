#include "eval/detect/detections.h"

#include "datasets/check/components.h"
#include "datasets/preprocess.h"
#include "eval/measure/score_map.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static void read_peaks(const float *score, const component_list *components, size_t pixels, detection *items) {
    for (size_t i = 0; i < pixels; i++) {
        int32_t label = components->labels[i];
        if (label && score[i] > items[label - 1].peak)
            items[label - 1].peak = score[i];
    }
}

static void list_components(const float *score, const component_list *components, size_t pixels, detection_list *out) {
    out->count = components->count;
    for (int i = 0; i < out->count; i++) {
        const component *c = &components->items[i];
        out->items[i] = (detection){c->centroid_x, c->centroid_y, c->x0, c->y0, c->x1, c->y1, c->area, -INFINITY};
    }
    read_peaks(score, components, pixels, out->items);
}

status detections_find(const float *score, const uint8_t *mask, int width, int height, detection_list *out) {
    *out = (detection_list){0};
    component_list components;
    TRY(components_find(mask, width, height, &components));
    out->items = malloc(((size_t)components.count + 1) * sizeof *out->items);
    status result = STATUS_OK;
    if (out->items)
        list_components(score, &components, (size_t)width * (size_t)height, out);
    else
        result = status_fail(STATUS_MEMORY, "out of memory for %d detections", components.count);
    component_list_free(&components);
    return result;
}

status detections_find_in(workspace *w, const float *score, const uint8_t *mask, int width, int height,
                          detection_list *out) {
    *out = (detection_list){0};
    component_list components;
    TRY(components_find_in(w, mask, width, height, &components));
    out->items = workspace_take(w, (size_t)components.count + 1, sizeof *out->items);
    TRY(workspace_check(w));
    list_components(score, &components, (size_t)width * (size_t)height, out);
    return STATUS_OK;
}

void detection_list_free(detection_list *list) {
    free(list->items);
    *list = (detection_list){0};
}

/* The method's own view of the image: resized if asked for, in [0, 1]. */
static status run_detector(detector *d, const grey_image *image, const detect_options *options, detector_maps *maps) {
    grey_image resized = {0};
    if (options->size > 0) {
        TRY(grey_image_resize_bilinear(image, options->size, options->size, &resized));
        image = &resized;
    }
    float *unit = malloc((size_t)image->width * (size_t)image->height * sizeof *unit);
    status result = STATUS_OK;
    if (!unit) {
        result = status_fail(STATUS_MEMORY, "out of memory for an image of %dx%d", image->width, image->height);
    } else {
        image_to_unit(image, unit);
        result = detector_run(d, unit, image->width, image->height, options->detail, maps);
    }
    free(unit);
    grey_image_free(&resized);
    return result;
}

/* Score and mask in image coordinates, from the maps. */
static status map_back(score_kind kind, double threshold, detected_image *out) {
    const detector_maps *maps = &out->maps;
    size_t seen = (size_t)maps->width * (size_t)maps->height, pixels = (size_t)out->width * (size_t)out->height;
    TRY(score_map_check(maps->score, seen));
    bool resized = maps->width != out->width || maps->height != out->height;
    float *unit = resized ? malloc(seen * sizeof *unit) : NULL;
    out->score = malloc(pixels * sizeof *out->score);
    out->mask = malloc(pixels);
    if ((resized && !unit) || !out->score || !out->mask) {
        free(unit);
        return status_fail(STATUS_MEMORY, "out of memory for the maps of a %dx%d image", out->width, out->height);
    }
    score_map_to_unit(maps->score, seen, kind, resized ? unit : out->score);
    if (resized)
        score_map_resize(unit, maps->width, maps->height, out->width, out->height, out->score);
    free(unit);
    score_map_threshold(out->score, pixels, threshold, out->mask);
    return STATUS_OK;
}

status detect_image(detector *d, const grey_image *image, const detect_options *options, detected_image *out) {
    *out = (detected_image){.width = image->width, .height = image->height};
    status result = run_detector(d, image, options, &out->maps);
    if (result == STATUS_OK)
        result = map_back(detector_score_kind(d), options->threshold, out);
    if (options->detail == DETAIL_SCORE && detector_cuts(d, out->maps.width, out->maps.height)) {
        detector_drop_tiles(d); /* of a large image nothing is kept twice */
        out->maps = (detector_maps){0};
    }
    if (result == STATUS_OK)
        result = detections_find(out->score, out->mask, out->width, out->height, &out->found);
    if (result != STATUS_OK)
        detected_image_free(out);
    return result;
}

void detected_image_free(detected_image *result) {
    free(result->score);
    free(result->mask);
    detection_list_free(&result->found);
    *result = (detected_image){0};
}
