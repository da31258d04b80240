/* Focal loss (Lin et al., 2017) with a = 0.25 and gamma = 2, mean over the pixels; q = 1 - p.
 *
 * Forward    E = sum (a t q^2 s(-z) + (1 - a) (1 - t) p^2 s(z)),  s(z) = log(1 + exp(z)) = -log q,  Y = E / pixels
 * Gradient   dE/dz = -a t q^2 (2 p s(-z) + q) + (1 - a) (1 - t) p^2 (2 q s(z) + p)
 *            q as a sigmoid of its own: 1 - p would lose the small ones. */
#include "autograd/losses/mask_loss.h"

static const float a = 0.25f;

static void add_row(const mask_row *row, double *sums) {
    double entropy = 0;
    for (int x = 0; x < row->width; x++) {
        float z = row->z[x], t = row->t[x], p = mask_probability(z), q = mask_probability(-z);
        entropy += a * t * q * q * mask_softplus(-z) + (1 - a) * (1 - t) * p * p * mask_softplus(z);
    }
    *sums += entropy;
}

static double value(const double *sums, double pixels, double *slopes) {
    *slopes = 1 / pixels;
    return *sums / pixels;
}

static void grad_row(const mask_row *row, const double *slopes, float *dz) {
    float slope = (float)*slopes;
    for (int x = 0; x < row->width; x++) {
        float z = row->z[x], t = row->t[x], p = mask_probability(z), q = mask_probability(-z);
        float up = (1 - a) * (1 - t) * p * p * (2 * q * mask_softplus(z) + p);
        float down = a * t * q * q * (2 * p * mask_softplus(-z) + q);
        dz[x] = slope * (up - down);
    }
}

const mask_loss_term loss_focal = {
    .name = "focal", .sum_count = 1, .add_row = add_row, .value = value, .grad_row = grad_row};
