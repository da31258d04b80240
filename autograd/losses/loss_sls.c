/* Scale and location sensitive loss (Liu et al., 2024), of an image of H x W pixels.
 *
 * Forward    I = sum p t,  P = sum p,  G = sum t,  U = P + G - I,  IoU = I / U,  Y = 1 - s IoU + 1 - l + a
 *            scale     s = (min(P, G) + v) / (max(P, G) + v),  v = ((P - G) / 2)^2
 *            location  X_p = mean of p x / W,  Y_p = mean of p y / H (over all pixels: not divided by the mass),
 *                      r_p = sqrt(X_p^2 + Y_p^2 + e),  A_p = atan(Y_p / (X_p + e)); X_t to A_t likewise of t
 *                      l = min(r_p, r_t) / (max(r_p, r_t) + e),  a = (2 / pi (A_p - A_t))^2
 * Slopes     dY/dI = -s (U + I) / U^2,  dY/dP = s I / U^2 - IoU ds/dP,
 *            dY/d(sum p x / W) = (da/dX_p - dl/dX_p) / pixels, that of y likewise */
#include "autograd/losses/mask_loss.h"

static const double e = 1e-8;

enum { PX = MASK_OVERLAP_SUMS, PY, TX, TY, SUMS };

static void add_row(const mask_row *row, double *sums) {
    double overlap = 0, predicted = 0, labelled = 0, p_moment = 0, t_moment = 0;
    for (int x = 0; x < row->width; x++) {
        double p = mask_probability(row->z[x]), t = row->t[x];
        overlap += p * t;
        predicted += p;
        labelled += t;
        p_moment += p * x;
        t_moment += t * x;
    }
    sums[MASK_I] += overlap;
    sums[MASK_P] += predicted;
    sums[MASK_G] += labelled;
    sums[PX] += p_moment / row->width;
    sums[PY] += predicted * row->y;
    sums[TX] += t_moment / row->width;
    sums[TY] += labelled * row->y;
}

/* 1 - s IoU */
static double scale_loss(double I, double P, double G, double *slopes) {
    double U = P + G - I, v = (P - G) * (P - G) / 4, dv = (P - G) / 2;
    double small = fmin(P, G) + v, large = fmax(P, G) + v, s = mask_ratio(small, large), iou = mask_ratio(I, U);
    double ds = mask_ratio((dv + (P < G)) - s * (dv + (P > G)), large);
    slopes[MASK_I] = -mask_ratio(s * (1 + iou), U);
    slopes[MASK_P] = mask_ratio(s * iou, U) - iou * ds;
    return 1 - s * iou;
}

/* 1 - l + a, of the means */
static double location_loss(double px, double py, double tx, double ty, double pixels, double *slopes) {
    double X = px + e, square = X * X + py * py, turn = 2 / M_PI;
    double angle = turn * (atan(py / X) - atan(ty / (tx + e)));
    double r = sqrt(px * px + py * py + e), r_t = sqrt(tx * tx + ty * ty + e);
    double large = fmax(r, r_t) + e, length = fmin(r, r_t) / large;
    double dl = r < r_t ? 1 / large : r > r_t ? -length / large : 0; /* with respect to r */
    double da = 2 * angle * turn / square;                           /* with respect to A_p, over square */
    slopes[PX] = (-da * py - dl * px / r) / pixels;
    slopes[PY] = (da * X - dl * py / r) / pixels;
    return 1 - length + angle * angle;
}

static double value(const double *sums, double pixels, double *slopes) {
    double overlap = scale_loss(sums[MASK_I], sums[MASK_P], sums[MASK_G], slopes);
    return overlap +
           location_loss(sums[PX] / pixels, sums[PY] / pixels, sums[TX] / pixels, sums[TY] / pixels, pixels, slopes);
}

static void grad_row(const mask_row *row, const double *slopes, float *dz) {
    float constant = (float)(slopes[MASK_P] + slopes[PY] * row->y), of_label = (float)slopes[MASK_I];
    float of_column = (float)(slopes[PX] / row->width);
    for (int x = 0; x < row->width; x++) {
        float p = mask_probability(row->z[x]);
        dz[x] = (constant + of_label * row->t[x] + of_column * (float)x) * p * (1 - p);
    }
}

const mask_loss_term loss_sls = {
    .name = "sls", .sum_count = SUMS, .add_row = add_row, .value = value, .grad_row = grad_row};
