#include "eval/measure/metric_table.h"

#include <math.h>
#include <string.h>

/* --- published: 0 / 0, which metric_value makes 0 --- */

static double ratio(double numerator, double denominator) {
    return denominator > 0 ? numerator / (denominator + RATIO_EPSILON) : NAN;
}

static double share(int64_t part, int64_t whole) {
    return whole ? (double)part / (double)whole : NAN;
}

double metric_zero_share(int64_t part, int64_t whole) {
    return whole ? (double)part / (double)whole : 0;
}

static double miou(const metrics *m) {
    return ratio((double)m->tp, (double)(m->tp + m->fp + m->fn));
}

static double niou(const metrics *m) {
    return m->images ? m->iou_sum / (double)m->images : NAN;
}

static double precision(const metrics *m) {
    return ratio((double)m->tp, (double)(m->tp + m->fp));
}

static double recall(const metrics *m) {
    return ratio((double)m->tp, (double)(m->tp + m->fn));
}

static double f1(const metrics *m) {
    double p = m->tp ? precision(m) : 0, r = m->tp ? recall(m) : 0;
    return m->tp + m->fp + m->fn ? 2 * p * r / (p + r + RATIO_EPSILON) : NAN;
}

/* Trapezoids over the points as they are, from high thresholds to low; no end points are added (docs/methods.md,
 * Overlap). */
static double auc(const metrics *m) {
    double area = 0;
    for (int i = ROC_POINTS - 1; i > 0; i--) {
        double x0 = metric_zero_share(m->roc_false_pixels[i], m->roc_background);
        double x1 = metric_zero_share(m->roc_false_pixels[i - 1], m->roc_background);
        double y0 = metric_zero_share(m->roc_detected[i], m->roc_targets);
        double y1 = metric_zero_share(m->roc_detected[i - 1], m->roc_targets);
        area += (x1 - x0) * (y0 + y1) / 2;
    }
    return m->roc_targets ? area : NAN;
}

/* --- the others: 0 / 0 is undefined --- */

/* Trapezoids from nothing predicted, which is so at the threshold 1, to everything. */
static double auc_pixel(const metrics *m) {
    double right = (double)(m->tp + m->fn), background = (double)m->background_pixels, area = 0, x = 0, y = 0;
    for (int i = ROC_POINTS - 1; i >= -1; i--) {
        double next_x = i < 0 ? 1 : (double)m->pixel_roc_false[i] / background;
        double next_y = i < 0 ? 1 : (double)m->pixel_roc_right[i] / right;
        area += (next_x - x) * (y + next_y) / 2;
        x = next_x;
        y = next_y;
    }
    return right > 0 && background > 0 ? area : NAN;
}

static double target_f1(const metrics *m) {
    return share(2 * m->centroid_detected, m->detections + m->targets);
}

/* The sum over falling scores of precision times what recall gains, as torchmetrics and STD-EvalKit compute it. */
static double target_ap(const metrics *m) {
    double area = 0, before = 0;
    for (int i = SCORE_LEVELS - 1; i >= 0; i--) {
        double reached = share(m->level_detected[i], m->targets);
        if (m->level_detections[i] > 0)
            area += (reached - before) * share(m->level_detected[i], m->level_detections[i]);
        before = reached;
    }
    return m->targets ? area : NAN;
}

static double pd_at_fa(const metrics *m, double fa) {
    int64_t most = -1;
    for (int i = 0; i < ROC_POINTS; i++)
        if ((double)m->roc_false_pixels[i] <= fa * (double)m->roc_background && m->roc_detected[i] > most)
            most = m->roc_detected[i];
    return most < 0 ? NAN : share(most, m->roc_targets); /* the ROC may not go so low */
}

static double pair_mean(const metrics *m, double sum) {
    return m->matched ? sum / (double)m->matched : NAN;
}

static double loc_share(const metrics *m, int64_t count) {
    return share(count, m->targets + m->detections - m->matched);
}

static double hiou(const metrics *m) {
    return loc_share(m, m->matched) * (m->matched ? pair_mean(m, m->matched_iou_sum) : 0);
}

static double size_pd(const metrics *m, int bin) {
    return share(m->size_detected[bin], m->size_targets[bin]);
}

static double scr_pd(const metrics *m, int bin) {
    return share(m->scr_detected[bin], m->scr_targets[bin]);
}

/* --- the table --- */

#define METRIC(name, label, unit, decimals, group, log, help, value)                                                   \
    static double value_of_##name(const metrics *m) {                                                                  \
        return value;                                                                                                  \
    }
#include "eval/measure/metric_table.def"
#undef METRIC

enum { METRIC_UNLOGGED, METRIC_LOGGED };

const metric metric_table[METRICS] = {
#define METRIC(name, label, unit, decimals, group, log, help, value)                                                   \
    {#name, label, UNIT_##unit, decimals, GROUP_##group, METRIC_##log, help, value_of_##name},
#include "eval/measure/metric_table.def"
#undef METRIC
};

const char *const metric_group_titles[METRIC_GROUPS] = {[GROUP_PUBLISHED] = "",
                                                        [GROUP_TARGETS] = "targets",
                                                        [GROUP_HIERARCHY] = "hierarchical IoU and its errors",
                                                        [GROUP_BINS] = "Pd by size and by signal-to-clutter ratio"};

static const struct {
    const char *name, *suffix;
    double factor;
} units[] = {[UNIT_PERCENT] = {"%", "_percent", 100},
             [UNIT_PER_1E5] = {"1e-5", "_1e5", 1e5},
             [UNIT_PER_1E6] = {"1e-6", "_1e6", 1e6},
             [UNIT_ONE] = {"", "", 1}};

const char *metric_unit_name(metric_unit unit) {
    return units[unit].name;
}

double metric_unit_factor(metric_unit unit) {
    return units[unit].factor;
}

const char *metric_unit_suffix(metric_unit unit) {
    return units[unit].suffix;
}

double metric_value(metric_id id, const metrics *m) {
    double value = metric_table[id].value(m);
    return isnan(value) && metric_table[id].group == GROUP_PUBLISHED ? 0 : value;
}

double metric_shown(metric_id id, const metrics *m) {
    return metric_value(id, m) * units[metric_table[id].unit].factor;
}

bool metric_is_error(metric_id id) {
    return metric_table[id].unit == UNIT_PER_1E5 || metric_table[id].unit == UNIT_PER_1E6;
}

metric_id metric_find(const char *name) {
    int id = 0;
    while (id < METRICS && strcmp(metric_table[id].name, name) != 0)
        id++;
    return (metric_id)id;
}
