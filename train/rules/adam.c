/* Adam (Kingma & Ba, 2015) and AdamW (Loshchilov & Hutter, 2019), with the arithmetic of PyTorch's; g the gradient, t
 * the step from 1 of those that reach the parameter:
 *   m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
 *   value -= rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon).
 * Weight decay: Adam's g has decay times the value added; AdamW's value is taken times 1 - rate decay first. */
#include "train/rules/adam.h"

#include <math.h>

static void update(const optimizer *o, double rate, const optimizer_part *part, float coupled_decay) {
    double beta1 = o->options.beta1, beta2 = o->options.beta2;
    double step = (double)*part->step, correction1 = 1 - pow(beta1, step), correction2 = 1 - pow(beta2, step);
    float step_size = (float)(rate / correction1), root = (float)sqrt(correction2), scale = o->grad_scale;
    float keep1 = (float)beta1, keep2 = (float)beta2, new1 = (float)(1 - beta1), new2 = (float)(1 - beta2);
    float epsilon = (float)o->options.epsilon;
    float *restrict value = part->value, *restrict m = part->memory[0], *restrict v = part->memory[1];
    const float *restrict grad = part->grad;
    for (size_t i = 0; i < part->count; i++) {
        float g = scale * grad[i] + coupled_decay * value[i];
        m[i] = keep1 * m[i] + new1 * g;
        v[i] = keep2 * v[i] + new2 * g * g;
        value[i] -= step_size * m[i] / (sqrtf(v[i]) / root + epsilon);
    }
}

static void update_adam(const optimizer *o, double rate, const optimizer_part *part) {
    update(o, rate, part, (float)part->decay);
}

void adamw_update(const optimizer *o, double rate, const optimizer_part *part) {
    decay_values(rate, part);
    update(o, rate, part, 0);
}

void decay_values(double rate, const optimizer_part *part) {
    float keep = (float)(1 - rate * part->decay);
    for (size_t i = 0; i < part->count && keep != 1; i++)
        part->value[i] *= keep;
}

const optimizer_rule optimizer_adam = {
    .name = "adam", .memory_count = 2, .memory_names = {"m", "v"}, .update = update_adam};

const optimizer_rule optimizer_adamw = {
    .name = "adamw", .memory_count = 2, .memory_names = {"m", "v"}, .update = adamw_update};
