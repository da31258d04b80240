/* Dice loss with squared masses (V-Net: Milletari et al., 2016), smoothed: pixels that are almost 0 weigh next to
 * nothing, however many there are.
 *
 * Forward    I = sum p t,  D = sum p^2 + sum t^2 + 1,  Y = 1 - (2 I + 1) / D
 * Slopes     dY/dI = -2 / D,  dY/d(sum p^2) = (2 I + 1) / D^2 */
#include "autograd/losses/mask_loss.h"

enum { OVERLAP, PREDICTED, LABELLED, SUMS };

static void add_row(const mask_row *row, double *sums) {
    double overlap = 0, predicted = 0, labelled = 0;
    for (int x = 0; x < row->width; x++) {
        double p = mask_probability(row->z[x]), t = row->t[x];
        overlap += p * t;
        predicted += p * p;
        labelled += t * t;
    }
    sums[OVERLAP] += overlap;
    sums[PREDICTED] += predicted;
    sums[LABELLED] += labelled;
}

static double value(const double *sums, double pixels, double *slopes) {
    (void)pixels;
    double upper = 2 * sums[OVERLAP] + 1, D = sums[PREDICTED] + sums[LABELLED] + 1;
    slopes[OVERLAP] = -2 / D;
    slopes[PREDICTED] = upper / (D * D);
    return 1 - upper / D;
}

static void grad_row(const mask_row *row, const double *slopes, float *dz) {
    float of_overlap = (float)slopes[OVERLAP], of_predicted = 2 * (float)slopes[PREDICTED];
    for (int x = 0; x < row->width; x++) {
        float p = mask_probability(row->z[x]);
        dz[x] = (of_overlap * row->t[x] + of_predicted * p) * p * (1 - p);
    }
}

const mask_loss_term loss_dice2 = {
    .name = "dice2", .sum_count = SUMS, .add_row = add_row, .value = value, .grad_row = grad_row};
