/* Losses against a mask, from their formulas, in double precision. */
#include "tests/autograd/op_reference.h"

#include <math.h>
#include <string.h>

/* Pixels of one loss: those of an image, or of all images, one after the other. */
typedef struct pixel_run {
    const double *z, *t;
    int count, h, w;
} pixel_run;

static double sigmoid_of(double z) {
    return 1 / (1 + exp(-z));
}

/* Sum over the pixels of p^a t^b x^c y^d, x and y as shares of width and height. */
static double moment(const pixel_run *run, int a, int b, int c, int d) {
    double sum = 0;
    for (int i = 0; i < run->count; i++) {
        double x = (double)(i % run->w) / run->w, y = (double)(i / run->w % run->h) / run->h;
        sum += pow(sigmoid_of(run->z[i]), a) * pow(run->t[i], b) * pow(x, c) * pow(y, d);
    }
    return sum;
}

static double soft_iou(const pixel_run *r) {
    double I = moment(r, 1, 1, 0, 0), U = moment(r, 1, 0, 0, 0) + moment(r, 0, 1, 0, 0) - I;
    return 1 - (I + 1) / (U + 1);
}

static double iou(const pixel_run *r) {
    double I = moment(r, 1, 1, 0, 0);
    return 1 - I / (moment(r, 1, 0, 0, 0) + moment(r, 0, 1, 0, 0) - I);
}

static double dice2(const pixel_run *r) {
    return 1 - (2 * moment(r, 1, 1, 0, 0) + 1) / (moment(r, 2, 0, 0, 0) + moment(r, 0, 2, 0, 0) + 1);
}

static double bce(const pixel_run *r) {
    double sum = 0;
    for (int i = 0; i < r->count; i++) {
        double p = sigmoid_of(r->z[i]), t = r->t[i];
        sum -= t * log(p) + (1 - t) * log(1 - p);
    }
    return sum / r->count;
}

static double focal(const pixel_run *r) {
    double sum = 0;
    for (int i = 0; i < r->count; i++) {
        double p = sigmoid_of(r->z[i]), t = r->t[i];
        sum -= 0.25 * t * pow(1 - p, 2) * log(p) + 0.75 * (1 - t) * p * p * log(1 - p);
    }
    return sum / r->count;
}

static double sls(const pixel_run *r) {
    const double e = 1e-8, n = r->count;
    double P = moment(r, 1, 0, 0, 0), G = moment(r, 0, 1, 0, 0), v = pow((P - G) / 2, 2);
    double px = moment(r, 1, 0, 1, 0) / n, py = moment(r, 1, 0, 0, 1) / n;
    double tx = moment(r, 0, 1, 1, 0) / n, ty = moment(r, 0, 1, 0, 1) / n;
    double rp = sqrt(px * px + py * py + e), rt = sqrt(tx * tx + ty * ty + e);
    double angle = atan(py / (px + e)) - atan(ty / (tx + e));
    double location = 1 - fmin(rp, rt) / (fmax(rp, rt) + e) + 4 / (M_PI * M_PI) * angle * angle;
    return 1 - (fmin(P, G) + v) / (fmax(P, G) + v) * (1 - iou(r)) + location;
}

static const struct {
    const char *name;
    double (*loss)(const pixel_run *run);
} losses[] = {{"soft_iou", soft_iou}, {"iou", iou}, {"dice2", dice2}, {"bce", bce}, {"focal", focal}, {"sls", sls}};

int mask_loss_reference_forward(const mask_loss_options *options, const array4 *in, array4 *out) {
    int runs = options->pooling == POOL_BATCH ? 1 : in->n;
    pixel_run run = {.count = (int)array4_count(in) / runs, .h = in->h, .w = in->w};
    for (size_t k = 0; k < sizeof losses / sizeof *losses; k++) {
        if (strcmp(losses[k].name, options->term->name))
            continue;
        *out->data = 0;
        for (int i = 0; i < runs; i++) {
            run.z = in[0].data + i * run.count;
            run.t = in[1].data + i * run.count;
            *out->data += losses[k].loss(&run) / runs;
        }
        return 1;
    }
    return 0;
}
