/* IoU loss without smoothing: what MSHNet's first epochs train on (Liu et al., 2024). 1 where nothing is labelled, even
 * if nothing is predicted.
 *
 * Forward    I = sum p t,  U = sum p + sum t - I,  Y = 1 - I / U, with 0 / 0 = 0
 * Slopes     dY/dI = -(U + I) / U^2,  dY/dP = I / U^2 */
#include "autograd/losses/mask_loss.h"

static double value(const double *sums, double pixels, double *slopes) {
    (void)pixels;
    double I = sums[MASK_I], U = sums[MASK_P] + sums[MASK_G] - I, iou = mask_ratio(I, U);
    slopes[MASK_I] = -mask_ratio(1 + iou, U);
    slopes[MASK_P] = mask_ratio(iou, U);
    return 1 - iou;
}

const mask_loss_term loss_iou = {.name = "iou",
                                 .sum_count = MASK_OVERLAP_SUMS,
                                 .add_row = mask_overlap_add_row,
                                 .value = value,
                                 .grad_row = mask_overlap_grad_row};
