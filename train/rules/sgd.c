/* Stochastic gradient descent with momentum; g the gradient:
 *   velocity = momentum velocity + g,  value -= rate velocity. */
#include "train/optimizer.h"

static void update(const optimizer *o, double learning_rate, const optimizer_part *part) {
    float rate = (float)learning_rate, decay = (float)part->decay, scale = o->grad_scale;
    float momentum = (float)o->options.momentum;
    float *restrict value = part->value, *restrict velocity = part->memory[0];
    const float *restrict grad = part->grad;
    for (size_t i = 0; i < part->count; i++) {
        float g = scale * grad[i] + decay * value[i];
        velocity[i] = momentum * velocity[i] + g;
        value[i] -= rate * velocity[i];
    }
}

const optimizer_rule optimizer_sgd = {.name = "sgd", .memory_count = 1, .memory_names = {"velocity"}, .update = update};
