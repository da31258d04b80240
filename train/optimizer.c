#include "train/optimizer.h"

#include "core/base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Elements that a thread takes at a time. */
enum { PART = 1 << 15 };

static const optimizer_rule *const rules[] = {&optimizer_adam, &optimizer_adamw,   &optimizer_muon,
                                              &optimizer_sgd,  &optimizer_adagrad, &optimizer_schedule_free};

const optimizer_rule *optimizer_find(const char *name) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!strcmp(rules[i]->name, name))
            return rules[i];
    status_fail(STATUS_USAGE, "unknown optimizer '%s'", name);
    return NULL;
}

optimizer_options optimizer_defaults(const optimizer_rule *rule) {
    return (optimizer_options){.rule = rule, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
}

static bool is_trained(const optimizer *o, const parameter *p) {
    return p->kind == PARAMETER_TRAINED && !parameter_patterns_match(&o->options.frozen, p->name);
}

static size_t part_size(const optimizer *o, const parameter *p) {
    return o->options.rule->whole ? p->count : PART;
}

static int parts_of(const optimizer *o, const parameter *p) {
    size_t size = part_size(o, p);
    return is_trained(o, p) ? (int)((p->count + size - 1) / size) : 0;
}

static bool alloc_memories(optimizer *o) {
    size_t parameters = (size_t)o->parameters->count + 1; /* an empty set is one too */
    o->steps = calloc(parameters, sizeof *o->steps);
    if (!o->steps)
        return false;
    for (int m = 0; m < o->options.rule->memory_count; m++) {
        o->memory[m] = calloc(parameters, sizeof *o->memory[m]);
        if (!o->memory[m])
            return false;
        for (int i = 0; i < o->parameters->count; i++) {
            const parameter *p = o->parameters->items[i];
            if (is_trained(o, p) && !(o->memory[m][i] = calloc(p->count, sizeof *o->memory[m][i])))
                return false;
        }
    }
    return true;
}

static bool alloc_parts(optimizer *o) {
    size_t parts = 1;
    for (int i = 0; i < o->parameters->count; i++)
        parts += (size_t)parts_of(o, o->parameters->items[i]);
    o->parts = calloc(parts, sizeof *o->parts);
    o->squares = calloc(parts, sizeof *o->squares);
    return o->parts && o->squares;
}

static double rate_factor_of(const optimizer_options *options, const parameter *p) {
    const double *factor = parameter_values_find(&options->rates, p->name);
    return (factor ? *factor : 1) / (options->balanced && p->gain > 0 ? p->gain : 1);
}

/* Biases, the two vectors of a norm, and learnable scalars have fewer than two dimensions. */
static double decay_of(const optimizer_options *options, const parameter *p) {
    return options->decay_weights_only && p->rank < 2 ? 0 : options->weight_decay;
}

static bool cut_in_parts(optimizer *o) {
    const optimizer_rule *rule = o->options.rule;
    for (int i = 0; i < o->parameters->count; i++) {
        const parameter *p = o->parameters->items[i];
        size_t size = part_size(o, p), work = rule->work ? rule->work(p) : 0;
        for (int k = 0; k < parts_of(o, p); k++) {
            size_t first = (size_t)k * size, rest = p->count - first;
            optimizer_part *part = &o->parts[o->part_count++];
            *part = (optimizer_part){.p = p,
                                     .count = rest < size ? rest : size,
                                     .value = p->value + first,
                                     .grad = p->grad + first,
                                     .rate_factor = rate_factor_of(&o->options, p),
                                     .decay = decay_of(&o->options, p),
                                     .step = &o->steps[i]};
            for (int m = 0; m < rule->memory_count; m++)
                part->memory[m] = o->memory[m][i] + first;
            if (work && !(part->work = calloc(work, sizeof *part->work)))
                return false;
        }
    }
    return true;
}

status optimizer_new(engine *e, const parameter_set *parameters, const optimizer_options *options, optimizer *out) {
    *out = (optimizer){.engine = e, .options = *options, .parameters = parameters};
    TRY(parameter_patterns_check(&options->rates.names, "train.rates", parameters));
    TRY(parameter_set_make_gradients(parameters));
    TRY(parameter_patterns_check(&options->frozen, "train.freeze", parameters));
    if (!alloc_memories(out) || !alloc_parts(out) || !cut_in_parts(out)) {
        optimizer_free(out);
        return status_fail(STATUS_MEMORY, "out of memory for the optimizer");
    }
    return STATUS_OK;
}

void optimizer_free(optimizer *o) {
    for (int m = 0; m < OPTIMIZER_MEMORIES; m++) {
        for (int i = 0; o->memory[m] && i < o->parameters->count; i++)
            free(o->memory[m][i]);
        free(o->memory[m]);
    }
    for (int i = 0; i < o->part_count; i++)
        free(o->parts[i].work);
    free(o->parts);
    free(o->squares);
    free(o->steps);
    *o = (optimizer){0};
}

static void square_part(const worker *w, void *context, int item) {
    (void)w;
    const optimizer *o = context;
    const optimizer_part *part = &o->parts[item];
    double sum = 0;
    for (size_t i = 0; i < part->count; i++)
        sum += (double)part->grad[i] * part->grad[i];
    o->squares[item] = sum;
}

double optimizer_gradient_norm(optimizer *o) {
    parallel_for(o->engine, o->part_count, square_part, o);
    double sum = 0;
    for (int i = 0; i < o->part_count; i++)
        sum += o->squares[i];
    return sqrt(sum);
}

typedef struct step_work {
    const optimizer *o;
    double learning_rate;
} step_work;

static void update_part(const worker *w, void *context, int item) {
    (void)w;
    const step_work *job = context;
    const optimizer_part *part = &job->o->parts[item];
    const optimizer_rule *rule = job->o->options.rule;
    if (!part->p->idle)
        rule->update(job->o, job->learning_rate * part->rate_factor, part);
    else if (rule->has_average && *part->step == 0) /* until it moves, its average is what it began with */
        memcpy(part->memory[rule->average], part->value, part->count * sizeof *part->value);
}

void optimizer_step(optimizer *o, double learning_rate, double norm) {
    double limit = o->options.clip_norm;
    o->grad_scale = limit > 0 && norm > limit ? (float)(limit / norm) : 1;
    o->step++;
    for (int i = 0; i < o->parameters->count; i++)
        o->steps[i] += !o->parameters->items[i]->idle;
    o->largest_rate = fmax(o->largest_rate, learning_rate);
    o->weight_sum += o->largest_rate * o->largest_rate;
    o->average_share = o->weight_sum > 0 ? o->largest_rate * o->largest_rate / o->weight_sum : 0;
    parallel_for(o->engine, o->part_count, update_part, &(step_work){o, learning_rate});
}

float *const *optimizer_average(const optimizer *o) {
    const optimizer_rule *rule = o->options.rule;
    return rule->has_average ? o->memory[rule->average] : NULL;
}
