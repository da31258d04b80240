/* AdamW without a schedule (Defazio et al., 2024): the rate stays constant behind its warm-up, and an average x of the
 * iterates z takes the place of its fall. Gradients are taken at y, between the two, which is the parameter's value; g
 * the gradient, t the step from 1, rate_max the largest rate so far:
 *   v = b2 v + (1 - b2) g^2,  d = g / (sqrt(v / (1 - b2^t)) + epsilon) + decay y,
 *   z -= rate d,  x += c (z - x),  y = (1 - b1) z + b1 x,  c = rate_max^2 / sum of the rate_max^2 of all steps
 * x is what is to be used in the end. */
#include "train/optimizer.h"

#include <math.h>
#include <string.h>

enum { Z, V, X };

static void update(const optimizer *o, double rate, const optimizer_part *part) {
    float *restrict y = part->value, *restrict z = part->memory[Z], *restrict v = part->memory[V];
    float *restrict x = part->memory[X];
    const float *restrict grad = part->grad;
    if (*part->step == 1) {
        memcpy(z, y, part->count * sizeof *z);
        memcpy(x, y, part->count * sizeof *x);
    }
    float keep = (float)o->options.beta2, new = (float)(1 - o->options.beta2), b1 = (float)o->options.beta1;
    float root = (float)sqrt(1 - pow(o->options.beta2, (double)*part->step)), epsilon = (float)o->options.epsilon;
    float size = (float)rate, decay = (float)part->decay, scale = o->grad_scale, share = (float)o->average_share;
    for (size_t i = 0; i < part->count; i++) {
        float g = scale * grad[i];
        v[i] = keep * v[i] + new *g *g;
        z[i] -= size * (g / (sqrtf(v[i]) / root + epsilon) + decay * y[i]);
        x[i] += share * (z[i] - x[i]);
        y[i] = (1 - b1) * z[i] + b1 * x[i];
    }
}

const optimizer_rule optimizer_schedule_free = {.name = "schedule_free",
                                                .memory_count = 3,
                                                .memory_names = {"z", "v", "x"},
                                                .has_average = true,
                                                .average = X,
                                                .update = update};
