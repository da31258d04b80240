/* Adagrad (Duchi et al., 2011), with epsilon 1e-10; g the gradient:
 *   sum += g^2,  value -= rate g / (sqrt(sum) + epsilon). */
#include "train/optimizer.h"

#include <math.h>

#define EPSILON 1e-10

static void update(const optimizer *o, double learning_rate, const optimizer_part *part) {
    float rate = (float)learning_rate, decay = (float)part->decay, scale = o->grad_scale;
    float *restrict value = part->value, *restrict sum = part->memory[0];
    const float *restrict grad = part->grad;
    for (size_t i = 0; i < part->count; i++) {
        float g = scale * grad[i] + decay * value[i];
        sum[i] += g * g;
        value[i] -= rate * g / (sqrtf(sum[i]) + (float)EPSILON);
    }
}

const optimizer_rule optimizer_adagrad = {
    .name = "adagrad", .memory_count = 1, .memory_names = {"sum"}, .update = update};
