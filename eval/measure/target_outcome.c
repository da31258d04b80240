#include "eval/measure/target_outcome.h"

#include <stdlib.h>

static void compare(const component_list *targets, const uint8_t *detected, size_t pixels, target_outcome *o) {
    size_t both = 0, either = 0;
    for (size_t i = 0; i < pixels; i++) {
        int32_t target = targets->labels[i], detection = o->detections.labels[i];
        both += target && detected[i];
        either += target || detected[i];
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

status target_outcome_find(const component_list *targets, const uint8_t *detected, int width, int height,
                           target_outcome *out) {
    *out = (target_outcome){0};
    TRY(components_find(detected, width, height, &out->detections));
    out->found = calloc((size_t)targets->count + 1, sizeof *out->found);
    out->is_hit = calloc((size_t)out->detections.count + 1, sizeof *out->is_hit);
    if (!out->found || !out->is_hit)
        return status_fail(STATUS_MEMORY, "out of memory for the detections of a %dx%d map", width, height);
    compare(targets, detected, (size_t)width * (size_t)height, out);
    return STATUS_OK;
}

void target_outcome_free(target_outcome *o) {
    component_list_free(&o->detections);
    free(o->found);
    free(o->is_hit);
    *o = (target_outcome){0};
}
