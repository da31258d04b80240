/* Scale and location sensitive loss (Liu et al., 2024) of logits z against a mask t, p = sigmoid(z); per image of H x W
 * pixels, then averaged (methods 6.3).
 *
 * Forward    I = sum p t,  P = sum p,  G = sum t,  U = P + G - I,  IoU = I / U
 *            warm:  Y = 1 - IoU
 *            else   Y = 1 - s IoU + 1 - l + a
 *            scale     s = (min(P, G) + v) / (max(P, G) + v),  v = ((P - G) / 2)^2
 *            location  X_p = mean of p x / W,  Y_p = mean of p y / H (over all pixels: not divided by the mass),
 *                      r_p = sqrt(X_p^2 + Y_p^2 + e),  A_p = atan(Y_p / (X_p + e)); X_t to A_t likewise of t
 *                      l = min(r_p, r_t) / (max(r_p, r_t) + e),  a = (2 / pi (A_p - A_t))^2
 * Gradient   dz = dY / N (k_0 + k_t t + k_x x / W + k_y y / H) p (1 - p), with, of each image,
 *            k_t = -s (U + I) / U^2,  k_0 = s I / U^2 - IoU ds/dP,
 *            k_x = (da/dX_p - dl/dX_p) / (H W),  k_y likewise; none for t */
#include "autograd/ops.h"

#include "autograd/op_support.h"
#include "core/runtime.h"

#include <math.h>

static const double e = 1e-8;

/* Of each image, kept for backward: the loss, and its gradient with respect to p as a function of t, x / W, y / H. */
typedef struct image_loss {
    float value, k0, kt, kx, ky;
} image_loss;

static image_loss *losses_of(const node *n) {
    return (image_loss *)(void *)n->saved;
}

static status infer(node *n) {
    const tensor *logit = &n->input[0]->value;
    TRY(require_same_shape(logit, &n->input[1]->value));
    if (logit->c != 1)
        return status_fail(STATUS_USAGE, "logits of %d channels: expected 1", logit->c);
    if (n->input[1]->requires_grad)
        return status_fail(STATUS_USAGE, "the mask must not depend on parameters");
    n->value = tensor_dense(1, 1, 1, 1);
    n->saved_count = (size_t)logit->n * sizeof(image_loss) / sizeof(float);
    return STATUS_OK;
}

static float probability(float logit) {
    return 1 / (1 + expf(-logit));
}

/* Of p or of t: the sum over all pixels, and the means of p x / W and p y / H. */
typedef struct mass {
    double sum, x, y;
} mass;

typedef struct image_sums {
    mass p, t;
    double overlap; /* I */
} image_sums;

static void add_row(mass *m, double sum, double moment, int row) {
    m->sum += sum;
    m->x += moment;
    m->y += sum * row;
}

static void take_means(mass *m, const tensor *shape) {
    double pixels = (double)shape->h * shape->w;
    m->x /= pixels * shape->w;
    m->y /= pixels * shape->h;
}

static image_sums sum_image(const tensor *z, const tensor *t, int image) {
    image_sums sums = {0};
    for (int row = 0; row < z->h; row++) {
        const float *zr = tensor_plane(z, image, 0) + row * z->row, *tr = tensor_plane(t, image, 0) + row * t->row;
        double p_sum = 0, p_moment = 0, t_sum = 0, t_moment = 0;
        for (int x = 0; x < z->w; x++) {
            double p = probability(zr[x]);
            p_sum += p;
            p_moment += p * x;
            t_sum += tr[x];
            t_moment += (double)tr[x] * x;
            sums.overlap += p * tr[x];
        }
        add_row(&sums.p, p_sum, p_moment, row);
        add_row(&sums.t, t_sum, t_moment, row);
    }
    take_means(&sums.p, z);
    take_means(&sums.t, z);
    return sums;
}

/* Nothing predicted and nothing labelled: 0, as when the prediction fades away. */
static double ratio(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

/* 1 - s IoU */
static void overlap_term(const image_sums *sums, bool warm, image_loss *out) {
    double I = sums->overlap, P = sums->p.sum, G = sums->t.sum, U = P + G - I, s = 1, ds = 0;
    if (!warm) {
        double v = (P - G) * (P - G) / 4, dv = (P - G) / 2;
        double small = fmin(P, G) + v, large = fmax(P, G) + v;
        s = ratio(small, large);
        ds = ratio((dv + (P < G)) - s * (dv + (P > G)), large);
    }
    double iou = ratio(I, U);
    out->value = (float)(1 - s * iou);
    out->kt = (float)-ratio(s * (1 + iou), U);
    out->k0 = (float)(ratio(s * iou, U) - iou * ds);
}

/* + 1 - l + a */
static void location_term(const mass *p, const mass *t, double pixels, image_loss *out) {
    double X = p->x + e, square = X * X + p->y * p->y, turn = 2 / M_PI;
    double angle = turn * (atan(p->y / X) - atan(t->y / (t->x + e)));
    double r = sqrt(p->x * p->x + p->y * p->y + e), r_t = sqrt(t->x * t->x + t->y * t->y + e);
    double large = fmax(r, r_t) + e, length = fmin(r, r_t) / large;
    double dl = r < r_t ? 1 / large : r > r_t ? -length / large : 0; /* with respect to r */
    double da = 2 * angle * turn / square;                           /* with respect to A_p, over square */
    out->value += (float)(1 - length + angle * angle);
    out->kx = (float)((-da * p->y - dl * p->x / r) / pixels);
    out->ky = (float)((da * X - dl * p->y / r) / pixels);
}

static void forward_image(void *context, int image) {
    const node *n = context;
    const sls_options *o = n->options;
    const tensor *z = &n->input[0]->value;
    image_sums sums = sum_image(z, &n->input[1]->value, image);
    image_loss *loss = losses_of(n) + image;
    *loss = (image_loss){0};
    overlap_term(&sums, o->warm, loss);
    if (!o->warm)
        location_term(&sums.p, &sums.t, (double)z->h * z->w, loss);
}

static void forward(node *n, const op_run *run) {
    (void)run;
    int images = n->input[0]->value.n;
    parallel_for(images, forward_image, n);
    double sum = 0;
    for (int i = 0; i < images; i++)
        sum += losses_of(n)[i].value;
    *n->value.data = (float)(sum / images);
}

static void backward_image(void *context, int image) {
    const grad_target *target = context;
    const node *n = target->n;
    const tensor *z = &n->input[0]->value, *t = &n->input[1]->value;
    const image_loss *k = losses_of(n) + image;
    float factor = *n->grad.data / (float)z->n;
    for (int row = 0; row < z->h; row++) {
        const float *zr = tensor_plane(z, image, 0) + row * z->row, *tr = tensor_plane(t, image, 0) + row * t->row;
        float *to = tensor_plane(target->to, image, 0) + row * target->to->row;
        float constant = k->k0 + k->ky * (float)row / (float)z->h, slope = k->kx / (float)z->w;
        for (int x = 0; x < z->w; x++) {
            float p = probability(zr[x]);
            float grad = factor * (constant + k->kt * tr[x] + slope * (float)x) * p * (1 - p);
            to[x] = target->accumulate ? to[x] + grad : grad;
        }
    }
}

static void backward(node *n, const op_run *run) {
    (void)run;
    grad_target target = grad_target_of(n, 0);
    if (target.to)
        parallel_for(n->input[0]->value.n, backward_image, &target);
}

static int keeps(const node *n) {
    (void)n;
    return KEEPS_INPUT_0 | KEEPS_INPUT_1;
}

static node *sample(tape *t, int index) {
    static const struct {
        int n, h, w;
        bool warm;
    } cases[] = {{3, 9, 21, true}, {3, 9, 21, false}, {1, 6, 16, false}, {2, 7, 5, false}, {4, 1, 1, false}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int n = cases[index].n, h = cases[index].h, w = cases[index].w;
    return sls(t, tape_variable(t, n, 1, h, w, false), tape_input(t, n, 1, h, w), cases[index].warm);
}

const op op_sls = {
    .name = "sls", .infer = infer, .forward = forward, .backward = backward, .keeps = keeps, .sample = sample};

node *sls(tape *t, node *logit, node *mask, bool warm) {
    sls_options options = {warm};
    node *inputs[] = {logit, mask};
    return tape_record(t, &op_sls, &options, sizeof options, 2, inputs);
}
