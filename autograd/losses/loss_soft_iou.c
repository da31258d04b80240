/* Soft-IoU loss (docs/methods.md, Losses).
 *
 * Forward    I = sum p t,  U = sum p + sum t - I,  Y = 1 - (I + 1) / (U + 1)
 * Slopes     dY/dI = -(U + I + 2) / (U + 1)^2,  dY/dP = (I + 1) / (U + 1)^2 */
#include "autograd/losses/mask_loss.h"

static double value(const double *sums, double pixels, double *slopes) {
    (void)pixels;
    double I = sums[MASK_I] + 1, U = sums[MASK_P] + sums[MASK_G] - sums[MASK_I] + 1;
    slopes[MASK_I] = -(U + I) / (U * U);
    slopes[MASK_P] = I / (U * U);
    return 1 - I / U;
}

const mask_loss_term loss_soft_iou = {.name = "soft_iou",
                                      .sum_count = MASK_OVERLAP_SUMS,
                                      .add_row = mask_overlap_add_row,
                                      .value = value,
                                      .grad_row = mask_overlap_grad_row};
