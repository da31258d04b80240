#include "eval/measure/per_image.h"

#include "eval/measure/target_contrast.h"
#include "eval/measure/threshold_sweep.h"

#include <math.h>
#include <stdlib.h>

const int target_size_ends[] = {9, 25, 80};
const double target_scr_ends[] = {2, 5, 10};

static void count_pixels(per_image *p, const uint8_t *label, size_t pixels) {
    metrics *m = &p->counts;
    for (size_t i = 0; i < pixels; i++) {
        m->tp += p->predicted[i] && label[i];
        m->fp += p->predicted[i] && !label[i];
        m->fn += !p->predicted[i] && label[i];
    }
    m->images = 1;
    m->pixels = (int64_t)pixels;
    m->background_pixels = (int64_t)pixels - m->tp - m->fn;
    m->iou_sum = (double)m->tp / ((double)(m->tp + m->fp + m->fn) + RATIO_EPSILON);
}

/* Sums of the areas of detections with a target, and of those that are forgiven although they have none. */
static void sum_areas(const per_image *p, int64_t *matched, int64_t *forgiven) {
    const component_list *found = &p->outcome.detections;
    *matched = *forgiven = 0;
    for (int d = 0; d < found->count; d++) {
        bool taken = false, alike = false;
        for (int t = 0; t < p->targets.count; t++) {
            int other = p->outcome.nearest[t];
            taken = taken || other == d;
            alike = alike || (other >= 0 && found->items[other].area == found->items[d].area);
        }
        *matched += taken ? found->items[d].area : 0;
        *forgiven += !taken && alike ? found->items[d].area : 0;
    }
}

static void count_detections(per_image *p, match_protocol protocol) {
    metrics *m = &p->counts;
    int64_t matched, forgiven;
    sum_areas(p, &matched, &forgiven);
    bool empty = p->targets.count == 0;
    m->targets = p->targets.count;
    m->detections = p->outcome.detections.count;
    m->false_pixels_all = p->outcome.false_pixels;
    m->centroid_detected = p->outcome.near_count;
    m->centroid_false_pixels = m->tp + m->fp - matched;
    m->old_false_pixels = m->centroid_false_pixels - forgiven;
    m->empty_images = empty;
    m->empty_detections = empty ? m->detections : 0;
    m->empty_false_pixels = empty ? m->false_pixels_all : 0;
    if (protocol == PROTOCOL_CENTROID) {
        m->targets_detected = m->centroid_detected;
        m->false_pixels = m->centroid_false_pixels;
        m->area_pixels = m->pixels;
    } else if (!empty) {
        m->targets_detected = p->outcome.found_count;
        m->false_pixels = m->false_pixels_all;
        m->area_pixels = m->background_pixels;
    }
}

static void count_matches(per_image *p) {
    metrics *m = &p->counts;
    m->matched = p->match.count;
    m->stray_detections = p->match.stray_detections;
    m->lone_targets = p->match.lone_targets;
    m->matched_iou_sum = p->match.iou_sum;
    m->merge_sum = p->match.merge_sum;
    m->interference_sum = p->match.interference_sum;
    m->perception_sum = p->match.perception_sum;
}

static int bin_of(double value, const double *ends) {
    int bin = 0;
    while (bin < TARGET_BINS - 1 && value >= ends[bin])
        bin++;
    return bin;
}

static void count_bins(per_image *p, match_protocol protocol) {
    metrics *m = &p->counts;
    for (int t = 0; t < p->targets.count; t++) {
        int size = 0, found = per_image_is_found(p, protocol, t);
        while (size < TARGET_BINS - 1 && p->targets.items[t].area > target_size_ends[size])
            size++;
        m->size_targets[size]++;
        m->size_detected[size] += found;
        if (isnan(p->contrast[t]))
            continue;
        int scr = bin_of(p->contrast[t], target_scr_ends);
        m->scr_targets[scr]++;
        m->scr_detected[scr] += found;
    }
}

static status out_of_memory(const scored_image *image) {
    return status_fail(STATUS_MEMORY, "out of memory for the metrics of a %dx%d map", image->width, image->height);
}

static status count(const scored_image *image, const scoring *how, per_image *p) {
    size_t pixels = (size_t)image->width * (size_t)image->height;
    p->predicted = malloc(pixels);
    if (!p->predicted)
        return out_of_memory(image);
    TRY(components_find(image->label, image->width, image->height, &p->targets));
    score_rule_apply(how->rule, how->threshold ? *how->threshold : score_rule_threshold(how->rule), image,
                     p->predicted);
    TRY(target_outcome_find(&p->targets, p->predicted, image->width, image->height, &p->outcome));
    count_pixels(p, image->label, pixels);
    count_detections(p, how->protocol);
    return STATUS_OK;
}

static status measure(const scored_image *image, const scoring *how, per_image *p) {
    TRY(count(image, how, p));
    p->contrast = malloc(((size_t)p->targets.count + 1) * sizeof *p->contrast);
    if (!p->contrast)
        return out_of_memory(image);
    for (int t = 0; t < p->targets.count; t++)
        p->contrast[t] = NAN;
    if (image->image)
        target_contrast(image->image, &p->targets, image->width, image->height, p->contrast);
    TRY(target_match_find(&p->targets, &p->outcome.detections, (size_t)image->width * (size_t)image->height,
                          &p->match));
    count_matches(p);
    count_bins(p, how->protocol);
    TRY(sweep_roc(image, &p->targets, &p->counts));
    TRY(sweep_pixels(image, &p->targets, &p->counts));
    return sweep_levels(image, &p->targets, &p->counts);
}

static status begin(const scored_image *image, const scoring *how, per_image *out,
                    status (*go)(const scored_image *image, const scoring *how, per_image *p)) {
    *out = (per_image){0};
    if (image->width < 1 || image->height < 1)
        return status_fail(STATUS_USAGE, "metrics of a %dx%d map", image->width, image->height);
    status result = go(image, how, out);
    if (result != STATUS_OK)
        per_image_free(out);
    return result;
}

status per_image_measure(const scored_image *image, const scoring *how, per_image *out) {
    return begin(image, how, out, measure);
}

status per_image_count(const scored_image *image, const scoring *how, per_image *out) {
    return begin(image, how, out, count);
}

void per_image_free(per_image *p) {
    free(p->predicted);
    free(p->contrast);
    component_list_free(&p->targets);
    target_outcome_free(&p->outcome);
    target_match_free(&p->match);
    *p = (per_image){0};
}

bool per_image_is_found(const per_image *p, match_protocol protocol, int target) {
    return target_outcome_is_found(&p->outcome, protocol, target);
}

bool per_image_is_false(const per_image *p, match_protocol protocol, int detection) {
    return target_outcome_is_false(&p->outcome, protocol, p->targets.count, detection);
}
