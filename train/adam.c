#include "train/adam.h"

#include <math.h>
#include <stdlib.h>

#define BETA1 0.9
#define BETA2 0.999
#define EPSILON 1e-8

static bool alloc_moments(adam *a, int i, size_t count) {
    a->m[i] = calloc(count, sizeof *a->m[i]);
    a->v[i] = calloc(count, sizeof *a->v[i]);
    return a->m[i] && a->v[i];
}

status adam_new(const parameter_set *parameters, adam *out) {
    *out = (adam){.parameters = parameters};
    size_t count = (size_t)parameters->count + 1;
    out->m = calloc(count, sizeof *out->m);
    out->v = calloc(count, sizeof *out->v);
    bool complete = out->m && out->v;
    for (int i = 0; complete && i < parameters->count; i++)
        if (parameters->items[i]->kind == PARAMETER_TRAINED)
            complete = alloc_moments(out, i, parameters->items[i]->count);
    if (complete)
        return STATUS_OK;
    adam_free(out);
    return status_fail(STATUS_MEMORY, "out of memory for the optimizer");
}

void adam_free(adam *a) {
    for (int i = 0; a->parameters && i < a->parameters->count; i++) {
        if (a->m)
            free(a->m[i]);
        if (a->v)
            free(a->v[i]);
    }
    free(a->m);
    free(a->v);
    *a = (adam){0};
}

void adam_step(adam *a, double learning_rate) {
    a->step++;
    double correction1 = 1 - pow(BETA1, (double)a->step), correction2 = 1 - pow(BETA2, (double)a->step);
    float step_size = (float)(learning_rate / correction1), root = (float)sqrt(correction2);
    for (int i = 0; i < a->parameters->count; i++) {
        const parameter *p = a->parameters->items[i];
        if (p->kind != PARAMETER_TRAINED)
            continue;
        float *m = a->m[i], *v = a->v[i];
        for (size_t k = 0; k < p->count; k++) {
            float g = p->grad[k];
            m[k] = (float)BETA1 * m[k] + (float)(1 - BETA1) * g;
            v[k] = (float)BETA2 * v[k] + (float)(1 - BETA2) * g * g;
            p->value[k] -= step_size * m[k] / (sqrtf(v[k]) / root + (float)EPSILON);
        }
    }
}
