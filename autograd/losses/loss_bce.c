/* Binary cross-entropy, mean over the pixels.
 *
 * Forward    E = -sum (t log p + (1 - t) log(1 - p)) = sum (max(0, z) - z t + log(1 + exp(-|z|))),  Y = E / pixels
 *            The second form neither overflows nor takes the logarithm of 0.
 * Gradient   dE/dz = p - t */
#include "autograd/losses/mask_loss.h"

static void add_row(const mask_row *row, double *sums) {
    double entropy = 0;
    for (int x = 0; x < row->width; x++)
        entropy += mask_softplus(row->z[x]) - row->z[x] * row->t[x];
    *sums += entropy;
}

static double value(const double *sums, double pixels, double *slopes) {
    *slopes = 1 / pixels;
    return *sums / pixels;
}

static void grad_row(const mask_row *row, const double *slopes, float *dz) {
    float slope = (float)*slopes;
    for (int x = 0; x < row->width; x++)
        dz[x] = slope * (mask_probability(row->z[x]) - row->t[x]);
}

const mask_loss_term loss_bce = {
    .name = "bce", .sum_count = 1, .add_row = add_row, .value = value, .grad_row = grad_row};
