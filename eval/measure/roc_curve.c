#include "eval/measure/roc_curve.h"

#include "eval/measure/metric_table.h"

#include <math.h>
#include <stdio.h>

void roc_curve_fill(roc_curve *c, const char *name, const metrics *m) {
    snprintf(c->name, sizeof c->name, "%.80s, AUC %.4f", name, metric_value(METRIC_auc, m));
    for (int i = 0; i < ROC_POINTS; i++) {
        c->fpr[i] = metric_zero_share(m->roc_false_pixels[i], m->roc_background);
        c->tpr[i] = metric_zero_share(m->roc_detected[i], m->roc_targets);
        c->log_fpr[i] = log10(c->fpr[i]); /* minus infinity at 0: not drawn */
    }
}

plot_series roc_curve_series(const roc_curve *c) {
    return (plot_series){.name = c->name, .x = c->log_fpr, .y = c->tpr, .count = ROC_POINTS};
}

plot roc_curve_plot(const char *title, const plot_series *series, int count) {
    static const plot_tick decades[] = {{-8, "10⁻⁸"}, {-7, "10⁻⁷"}, {-6, "10⁻⁶"}, {-5, "10⁻⁵"}, {-4, "10⁻⁴"},
                                        {-3, "10⁻³"}, {-2, "10⁻²"}, {-1, "10⁻¹"}, {0, "1"}};
    return (plot){.title = title,
                  .x_label = "share of the background that is a false alarm",
                  .y_label = "share of the targets that is found",
                  .series = series,
                  .series_count = count,
                  .x_ticks = decades,
                  .x_tick_count = sizeof decades / sizeof *decades};
}
