/* Adam (Kingma & Ba, 2015), with betas 0.9 and 0.999 and epsilon 1e-8; g the gradient, t the step from 1:
 *   m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
 *   value -= rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon). */
#include "train/optimizer.h"

#include <math.h>

#define BETA1 0.9
#define BETA2 0.999
#define EPSILON 1e-8

static void update(const optimizer *o, double learning_rate, const optimizer_part *part) {
    double correction1 = 1 - pow(BETA1, (double)o->step), correction2 = 1 - pow(BETA2, (double)o->step);
    float step_size = (float)(learning_rate / correction1), root = (float)sqrt(correction2);
    float decay = (float)o->options.weight_decay;
    float *restrict value = part->value, *restrict m = part->memory[0], *restrict v = part->memory[1];
    const float *restrict grad = part->grad;
    for (size_t i = 0; i < part->count; i++) {
        float g = grad[i] + decay * value[i];
        m[i] = (float)BETA1 * m[i] + (float)(1 - BETA1) * g;
        v[i] = (float)BETA2 * v[i] + (float)(1 - BETA2) * g * g;
        value[i] -= step_size * m[i] / (sqrtf(v[i]) / root + (float)EPSILON);
    }
}

const optimizer_rule optimizer_adam = {.name = "adam", .memory_count = 2, .memory_names = {"m", "v"}, .update = update};
