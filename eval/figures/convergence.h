/* Whether what a method splits an image into comes together: B, T and N of an unrolled network stage by stage, the
 * iterations of a model-driven method. The split is that of robust PCA, D = B + T + N with D the image.
 *
 * Thread rule: one thread at a time for each detector; different ones at once. */
#ifndef IRST_EVAL_FIGURES_CONVERGENCE_H
#define IRST_EVAL_FIGURES_CONVERGENCE_H

#include "eval/measure/evaluate.h"

enum { CONVERGENCE_STAGES = 32, CONVERGENCE_PARTS = 3 };

extern const char *const convergence_parts[CONVERGENCE_PARTS]; /* "B", "T", "N" */

/* Means over the images of a data set. */
typedef struct convergence {
    int steps;   /* stages, or iterations: as many as every image has, at most DETECTOR_RESIDUALS */
    int trained; /* stages that the network was trained with; 0: these are iterations */
    double residual[DETECTOR_RESIDUALS]; /* ||D - B - T - N||_F / ||D||_F; a network without N has N = 0 */
    /* ||X^k - X^{k-1}||_F / ||D||_F of each part; NaN where there is no X^{k-1} (T^0 = N^0 = 0), or no N. */
    double change[CONVERGENCE_PARTS][CONVERGENCE_STAGES];
    metrics counts[CONVERGENCE_STAGES]; /* of each stage's T taken as the logits */
} convergence;

/* Runs every image of the data set. An unrolled network's last stage is repeated `more_stages` times, see
 * detector_set_more_stages. STATUS_USAGE for a method that has neither stages nor residuals. */
status convergence_measure(detector *d, const dataset *data, const evaluate_options *options, int more_stages,
                           convergence *out);

#endif
