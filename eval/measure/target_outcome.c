#include "eval/measure/target_outcome.h"

#include <math.h>
#include <stdlib.h>

static void compare(const component_list *targets, const uint8_t *detected, size_t pixels, target_outcome *o) {
    size_t both = 0, either = 0;
    for (size_t i = 0; i < pixels; i++) {
        int32_t target = targets->labels[i], detection = o->detections.labels[i];
        both += target && detected[i];
        either += target || detected[i];
        o->false_pixels += !target && detected[i];
        if (!target || !detected[i])
            continue;
        o->found[target - 1] = true;
        o->is_hit[detection - 1] = true;
    }
    o->iou = either ? (double)both / (double)either : 0;
    for (int i = 0; i < targets->count; i++)
        o->found_count += o->found[i];
    for (int i = 0; i < o->detections.count; i++)
        o->false_count += !o->is_hit[i];
}

double component_distance(const component *a, const component *b) {
    double dx = a->centroid_x - b->centroid_x, dy = a->centroid_y - b->centroid_y;
    return sqrt(dx * dx + dy * dy);
}

static void pair_centroids(const component_list *targets, target_outcome *o, bool *taken) {
    for (int t = 0; t < targets->count; t++) {
        o->nearest[t] = -1;
        for (int d = 0; d < o->detections.count && o->nearest[t] < 0; d++)
            if (!taken[d] && component_distance(&o->detections.items[d], &targets->items[t]) < CENTROID_DISTANCE)
                o->nearest[t] = d;
        if (o->nearest[t] >= 0) {
            taken[o->nearest[t]] = true;
            o->near_count++;
        }
    }
}

status target_outcome_find(const component_list *targets, const uint8_t *detected, int width, int height,
                           target_outcome *out) {
    *out = (target_outcome){0};
    TRY(components_find(detected, width, height, &out->detections));
    size_t detections = (size_t)out->detections.count + 1;
    out->found = calloc((size_t)targets->count + 1, sizeof *out->found);
    out->is_hit = calloc(detections, sizeof *out->is_hit);
    out->nearest = calloc((size_t)targets->count + 1, sizeof *out->nearest);
    bool *taken = calloc(detections, sizeof *taken);
    status result = STATUS_OK;
    if (out->found && out->is_hit && out->nearest && taken) {
        compare(targets, detected, (size_t)width * (size_t)height, out);
        pair_centroids(targets, out, taken);
    } else {
        result = status_fail(STATUS_MEMORY, "out of memory for the detections of a %dx%d map", width, height);
    }
    free(taken);
    return result;
}

bool target_outcome_is_found(const target_outcome *o, match_protocol protocol, int target) {
    return protocol == PROTOCOL_OVERLAP ? o->found[target] : o->nearest[target] >= 0;
}

bool target_outcome_is_false(const target_outcome *o, match_protocol protocol, int targets, int detection) {
    if (protocol == PROTOCOL_OVERLAP)
        return !o->is_hit[detection];
    for (int t = 0; t < targets; t++)
        if (o->nearest[t] == detection)
            return false;
    return true;
}

void target_outcome_free(target_outcome *o) {
    component_list_free(&o->detections);
    free(o->found);
    free(o->is_hit);
    free(o->nearest);
    *o = (target_outcome){0};
}

double component_peak(const component_list *list, int index, const float *map, int width) {
    const component *c = &list->items[index];
    double peak = -INFINITY;
    for (int y = c->y0; y <= c->y1; y++)
        for (int x = c->x0; x <= c->x1; x++) {
            ptrdiff_t at = (ptrdiff_t)y * width + x;
            if (list->labels[at] == index + 1)
                peak = fmax(peak, map[at]);
        }
    return peak;
}
