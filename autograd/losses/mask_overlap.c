#include "autograd/losses/mask_loss.h"

void mask_overlap_add_row(const mask_row *row, double *sums) {
    double overlap = 0, predicted = 0, labelled = 0;
    for (int x = 0; x < row->width; x++) {
        double p = mask_probability(row->z[x]);
        overlap += p * row->t[x];
        predicted += p;
        labelled += row->t[x];
    }
    sums[MASK_I] += overlap;
    sums[MASK_P] += predicted;
    sums[MASK_G] += labelled;
}

void mask_overlap_grad_row(const mask_row *row, const double *slopes, float *dz) {
    float of_overlap = (float)slopes[MASK_I], of_predicted = (float)slopes[MASK_P];
    for (int x = 0; x < row->width; x++) {
        float p = mask_probability(row->z[x]);
        dz[x] = (of_overlap * row->t[x] + of_predicted) * p * (1 - p);
    }
}
