/* Edge cases follow the reference (methods 10.1), where numpy decides by NaN: a zero map predicts nothing (0 / 0 is
 * NaN, and NaN > 0.5 is false); a map whose maximum is negative predicts every pixel (the quotient is >= 1); an image
 * with an empty label adds its predicted pixels to FP but not to Pd, Fa and the ROC. */
#include "eval/measure/metrics.h"

#include "datasets/check/components.h"

#include <math.h>
#include <stdlib.h>

#define RATIO_EPSILON 2.2e-16 /* the reference adds it to denominators */
#define CENTROID_DISTANCE 3.0 /* pixels; a match is nearer than this */

static float maximum_of(const float *score, size_t pixels) {
    float most = score[0];
    for (size_t i = 1; i < pixels; i++)
        most = score[i] > most ? score[i] : most;
    return most;
}

static int64_t binarise(const float *score, size_t pixels, score_rule rule, uint8_t *predicted) {
    float most = maximum_of(score, pixels);
    int64_t count = 0;
    for (size_t i = 0; i < pixels; i++) {
        predicted[i] = rule == RULE_LOGIT ? score[i] > 0 : score[i] / most > 0.5f;
        count += predicted[i];
    }
    return count;
}

static double ratio(double numerator, double denominator) {
    return numerator / (denominator + RATIO_EPSILON);
}

static void add_pixels(metrics *m, const uint8_t *predicted, const uint8_t *label, size_t pixels) {
    int64_t tp = 0, fp = 0, fn = 0;
    for (size_t i = 0; i < pixels; i++) {
        tp += predicted[i] && label[i];
        fp += predicted[i] && !label[i];
        fn += !predicted[i] && label[i];
    }
    m->images++;
    m->tp += tp;
    m->fp += fp;
    m->fn += fn;
    m->iou_sum += ratio((double)tp, (double)(tp + fp + fn));
}

static int64_t foreground(const component_list *list) {
    int64_t total = 0;
    for (int i = 0; i < list->count; i++)
        total += list->items[i].area;
    return total;
}

/* Pd: a target is detected if one predicted pixel lies inside it. Fa: predicted pixels outside all targets. */
static void add_overlap(metrics *m, const uint8_t *predicted, const component_list *targets, size_t pixels,
                        uint8_t *hit) {
    if (targets->count == 0)
        return;
    for (size_t i = 0; i < pixels; i++) {
        if (!predicted[i])
            continue;
        if (targets->labels[i])
            hit[targets->labels[i] - 1] = 1;
        else
            m->false_pixels++;
    }
    m->targets += targets->count;
    for (int i = 0; i < targets->count; i++)
        m->targets_detected += hit[i];
    m->area_pixels += (int64_t)pixels - foreground(targets);
}

/* Targets in scan order take the first predicted component, not taken yet, whose centroid is near enough. */
static void add_centroid(metrics *m, const component_list *found, const component_list *targets, int64_t predicted,
                         size_t pixels, uint8_t *taken) {
    int64_t matched = 0;
    for (int t = 0; t < targets->count; t++)
        for (int f = 0; f < found->count; f++) {
            double dx = found->items[f].centroid_x - targets->items[t].centroid_x;
            double dy = found->items[f].centroid_y - targets->items[t].centroid_y;
            if (taken[f] || sqrt(dx * dx + dy * dy) >= CENTROID_DISTANCE)
                continue;
            taken[f] = 1;
            matched += found->items[f].area;
            m->targets_detected++;
            break;
        }
    m->targets += targets->count;
    m->false_pixels += predicted - matched;
    m->area_pixels += (int64_t)pixels;
}

/* Number of thresholds that a value reaches: it is predicted at thresholds 0 .. result - 1. */
static int thresholds_reached(float value, const float *thresholds) {
    if (!(value >= thresholds[0])) /* also NaN */
        return 0;
    if (value >= thresholds[ROC_POINTS - 1])
        return ROC_POINTS;
    int reached = (int)(value * (ROC_POINTS - 1)) + 1;
    while (reached > 0 && !(value >= thresholds[reached - 1]))
        reached--;
    while (reached < ROC_POINTS && value >= thresholds[reached])
        reached++;
    return reached;
}

/* Adds histogram[b] to all points that b thresholds reach. */
static void add_cumulated(const int64_t *histogram, int64_t *points) {
    int64_t above = 0;
    for (int i = ROC_POINTS; i > 0; i--) {
        above += histogram[i];
        points[i - 1] += above;
    }
}

static void add_roc(metrics *m, const float *score, const component_list *targets, size_t pixels, int *best) {
    if (targets->count == 0)
        return;
    float thresholds[ROC_POINTS];
    for (int i = 0; i < ROC_POINTS; i++)
        thresholds[i] = (float)(i / 200.0);
    float most = maximum_of(score, pixels);
    int64_t false_histogram[ROC_POINTS + 1] = {0}, target_histogram[ROC_POINTS + 1] = {0};
    for (size_t i = 0; i < pixels; i++) {
        int reached = thresholds_reached(score[i] / most, thresholds);
        int32_t target = targets->labels[i];
        if (!target)
            false_histogram[reached]++;
        else if (reached > best[target - 1])
            best[target - 1] = reached;
    }
    for (int i = 0; i < targets->count; i++)
        target_histogram[best[i]]++;
    add_cumulated(false_histogram, m->roc_false_pixels);
    add_cumulated(target_histogram, m->roc_detected);
    m->roc_targets += targets->count;
    m->roc_background += (int64_t)pixels - foreground(targets);
}

typedef struct workspace {
    uint8_t *predicted;
    uint8_t *flags; /* per component */
    int *best;      /* per target */
    component_list targets, found;
} workspace;

static void workspace_free(workspace *w) {
    free(w->predicted);
    free(w->flags);
    free(w->best);
    component_list_free(&w->targets);
    component_list_free(&w->found);
}

static status add_image(metrics *m, const float *score, const float *roc_score, const uint8_t *label, int width,
                        int height, score_rule rule, match_protocol protocol, workspace *w) {
    size_t pixels = (size_t)width * (size_t)height;
    w->predicted = malloc(pixels);
    if (!w->predicted)
        return status_fail(STATUS_MEMORY, "out of memory for the metrics of a %dx%d map", width, height);
    int64_t predicted = binarise(score, pixels, rule, w->predicted);
    TRY(components_find(label, width, height, &w->targets));
    if (protocol == PROTOCOL_CENTROID)
        TRY(components_find(w->predicted, width, height, &w->found));
    w->flags = calloc((size_t)w->targets.count + (size_t)w->found.count + 1, 1);
    w->best = calloc((size_t)w->targets.count + 1, sizeof *w->best);
    if (!w->flags || !w->best)
        return status_fail(STATUS_MEMORY, "out of memory for the metrics of a %dx%d map", width, height);
    add_pixels(m, w->predicted, label, pixels);
    if (protocol == PROTOCOL_CENTROID)
        add_centroid(m, &w->found, &w->targets, predicted, pixels, w->flags);
    else
        add_overlap(m, w->predicted, &w->targets, pixels, w->flags);
    add_roc(m, roc_score, &w->targets, pixels, w->best);
    return STATUS_OK;
}

status metrics_add(metrics *m, const float *score, const float *roc_score, const uint8_t *label, int width, int height,
                   score_rule rule, match_protocol protocol) {
    if (width < 1 || height < 1)
        return status_fail(STATUS_USAGE, "metrics of a %dx%d map", width, height);
    workspace w = {0};
    status result = add_image(m, score, roc_score, label, width, height, rule, protocol, &w);
    workspace_free(&w);
    return result;
}

/* Trapezoids over the points as they are, from high thresholds to low; no end points are added (methods 10.1). */
static double area_under_roc(const metrics *m) {
    if (m->roc_targets == 0 || m->roc_background == 0)
        return 0;
    double area = 0;
    for (int i = ROC_POINTS - 1; i > 0; i--) {
        double x0 = (double)m->roc_false_pixels[i] / (double)m->roc_background;
        double x1 = (double)m->roc_false_pixels[i - 1] / (double)m->roc_background;
        double y0 = (double)m->roc_detected[i] / (double)m->roc_targets;
        double y1 = (double)m->roc_detected[i - 1] / (double)m->roc_targets;
        area += (x1 - x0) * (y0 + y1) / 2;
    }
    return area;
}

metrics_summary metrics_summarize(const metrics *m) {
    metrics_summary s = {0};
    double tp = (double)m->tp;
    s.miou = ratio(tp, (double)(m->tp + m->fp + m->fn));
    s.niou = m->images ? m->iou_sum / (double)m->images : 0;
    s.precision = ratio(tp, (double)(m->tp + m->fp));
    s.recall = ratio(tp, (double)(m->tp + m->fn));
    s.f1 = ratio(2 * s.precision * s.recall, s.precision + s.recall);
    s.pd = m->targets ? (double)m->targets_detected / (double)m->targets : 0;
    s.fa = m->area_pixels ? (double)m->false_pixels / (double)m->area_pixels : 0;
    s.auc = area_under_roc(m);
    return s;
}
