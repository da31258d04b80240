#include "train/rules/average.h"

#include "core/base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

status average_new(engine *e, parameter_set *parameters, double decay, average *out) {
    *out = (average){.engine = e,
                     .decay = decay,
                     .parameters = parameters,
                     .value = calloc((size_t)parameters->count + 1, sizeof *out->value)};
    for (int i = 0; out->value && i < parameters->count; i++) {
        const parameter *p = parameters->items[i];
        out->value[i] = malloc((p->count + 1) * sizeof *out->value[i]);
        if (!out->value[i]) {
            average_free(out);
            break;
        }
    }
    if (!out->value)
        return status_fail(STATUS_MEMORY, "out of memory for averaged weights");
    average_restart(out);
    return STATUS_OK;
}

void average_restart(average *a) {
    a->steps = 0;
    for (int i = 0; i < a->parameters->count; i++) {
        const parameter *p = a->parameters->items[i];
        memcpy(a->value[i], p->value, p->count * sizeof *p->value);
    }
}

void average_free(average *a) {
    for (int i = 0; a->value && i < a->parameters->count; i++)
        free(a->value[i]);
    free(a->value);
    *a = (average){0};
}

typedef struct add_work {
    const average *a;
    float *const *trained;
    float keep;
} add_work;

static void add_parameter(const worker *w, void *context, int item) {
    (void)w;
    const add_work *job = context;
    const parameter *p = job->a->parameters->items[item];
    float *mean = job->a->value[item];
    const float *as_it_is = p->kind == PARAMETER_COUNTER ? p->value : job->trained ? job->trained[item] : NULL;
    if (as_it_is) {
        memcpy(mean, as_it_is, p->count * sizeof *mean);
        return;
    }
    for (size_t i = 0; i < p->count; i++)
        mean[i] += (1 - job->keep) * (p->value[i] - mean[i]);
}

void average_add(average *a, float *const *trained) {
    a->steps++;
    double early = (double)a->steps / ((double)a->steps + 10);
    parallel_for(a->engine, a->parameters->count, add_parameter, &(add_work){a, trained, (float)fmin(a->decay, early)});
}

static void swap_parameter(const worker *w, void *context, int item) {
    (void)w;
    const average *a = context;
    const parameter *p = a->parameters->items[item];
    for (size_t i = 0; i < p->count; i++) {
        float kept = p->value[i];
        p->value[i] = a->value[item][i];
        a->value[item][i] = kept;
    }
}

void average_swap(average *a) {
    parallel_for(a->engine, a->parameters->count, swap_parameter, a);
}
