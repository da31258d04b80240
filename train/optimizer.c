#include "train/optimizer.h"

#include "core/runtime.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Elements that a thread takes at a time. */
enum { PART = 1 << 15 };

static const optimizer_rule *const rules[] = {&optimizer_adam, &optimizer_sgd, &optimizer_adagrad};

const optimizer_rule *optimizer_find(const char *name) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!strcmp(rules[i]->name, name))
            return rules[i];
    status_fail(STATUS_USAGE, "unknown optimizer '%s'", name);
    return NULL;
}

static int parts_of(const parameter *p) {
    return p->kind == PARAMETER_TRAINED ? (int)((p->count + PART - 1) / PART) : 0;
}

static bool alloc_all(optimizer *o) {
    size_t parameters = (size_t)o->parameters->count + 1; /* an empty set is one too */
    for (int m = 0; m < o->options.rule->memory_count; m++) {
        o->memory[m] = calloc(parameters, sizeof *o->memory[m]);
        if (!o->memory[m])
            return false;
        for (int i = 0; i < o->parameters->count; i++) {
            const parameter *p = o->parameters->items[i];
            if (p->kind == PARAMETER_TRAINED && !(o->memory[m][i] = calloc(p->count, sizeof *o->memory[m][i])))
                return false;
        }
    }
    size_t parts = 1;
    for (int i = 0; i < o->parameters->count; i++)
        parts += (size_t)parts_of(o->parameters->items[i]);
    o->parts = calloc(parts, sizeof *o->parts);
    return o->parts;
}

static void cut_in_parts(optimizer *o) {
    for (int i = 0; i < o->parameters->count; i++) {
        const parameter *p = o->parameters->items[i];
        for (int k = 0; k < parts_of(p); k++) {
            size_t first = (size_t)k * PART, rest = p->count - first;
            optimizer_part *part = &o->parts[o->part_count++];
            *part = (optimizer_part){rest < PART ? rest : PART, p->value + first, p->grad + first, {NULL}};
            for (int m = 0; m < o->options.rule->memory_count; m++)
                part->memory[m] = o->memory[m][i] + first;
        }
    }
}

status optimizer_new(const parameter_set *parameters, const optimizer_options *options, optimizer *out) {
    *out = (optimizer){.options = *options, .parameters = parameters};
    if (!alloc_all(out)) {
        optimizer_free(out);
        return status_fail(STATUS_MEMORY, "out of memory for the optimizer");
    }
    cut_in_parts(out);
    return STATUS_OK;
}

void optimizer_free(optimizer *o) {
    for (int m = 0; m < OPTIMIZER_MEMORIES; m++) {
        for (int i = 0; o->memory[m] && i < o->parameters->count; i++)
            free(o->memory[m][i]);
        free(o->memory[m]);
    }
    free(o->parts);
    *o = (optimizer){0};
}

typedef struct step_work {
    const optimizer *o;
    double learning_rate;
} step_work;

static void update_part(void *context, int item) {
    const step_work *w = context;
    w->o->options.rule->update(w->o, w->learning_rate, &w->o->parts[item]);
}

void optimizer_step(optimizer *o, double learning_rate) {
    o->step++;
    parallel_for(o->part_count, update_part, &(step_work){o, learning_rate});
}
