/* The ROC of a method as a curve: detected targets over false alarms, which span decades.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_EVAL_MEASURE_ROC_CURVE_H
#define IRST_EVAL_MEASURE_ROC_CURVE_H

#include "core/draw/plot.h"
#include "eval/measure/metrics.h"

typedef struct roc_curve {
    char name[128]; /* with the area under it */
    double fpr[ROC_POINTS], tpr[ROC_POINTS], log_fpr[ROC_POINTS];
} roc_curve;

void roc_curve_fill(roc_curve *c, const char *name, const metrics *m);

/* Valid as long as the curve. */
plot_series roc_curve_series(const roc_curve *c);

/* A plot of such series; its texts are the caller's. */
plot roc_curve_plot(const char *title, const plot_series *series, int count);

#endif
