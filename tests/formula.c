#include "tests/formula.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static double uniform(uint32_t seed, size_t index) {
    uint64_t z = ((uint64_t)seed << 32) + index + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 40) / 16777216.0 * 2 - 1;
}

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), part = strlen(end);
    return length >= part && !strcmp(name + length - part, end);
}

/* A one-dimensional weight belongs to a batch norm if that layer has a running mean. */
static bool is_norm_weight(const parameter_set *set, const parameter *p) {
    char mean[256];
    if (p->rank != 1 || !ends_with(p->name, ".weight"))
        return false;
    snprintf(mean, sizeof mean, "%.*s.running_mean", (int)(strlen(p->name) - strlen(".weight")), p->name);
    return parameter_find(set, mean) != NULL;
}

typedef enum rule { RULE_ZERO, RULE_MATRIX, RULE_MEAN, RULE_VAR, RULE_NORM_WEIGHT, RULE_GAMMA, RULE_SMALL } rule;

static rule rule_of(const parameter_set *set, const parameter *p) {
    if (p->kind == PARAMETER_COUNTER)
        return RULE_ZERO;
    if (p->rank >= 2)
        return RULE_MATRIX;
    if (ends_with(p->name, ".running_mean"))
        return RULE_MEAN;
    if (ends_with(p->name, ".running_var"))
        return RULE_VAR;
    if (is_norm_weight(set, p))
        return RULE_NORM_WEIGHT;
    return ends_with(p->name, ".gamma") ? RULE_GAMMA : RULE_SMALL;
}

static double value_by(rule r, const parameter *p, double u) {
    switch (r) {
    case RULE_MATRIX:
        return u * sqrt(3.0 / (double)(p->count / (size_t)p->shape[0]));
    case RULE_VAR:
        return 1 + 0.2 * fabs(u);
    case RULE_NORM_WEIGHT:
        return 1 + 0.1 * u;
    case RULE_GAMMA:
        return 0.5 + 0.1 * u;
    case RULE_MEAN:
    case RULE_SMALL:
        return 0.05 * u;
    case RULE_ZERO:
        break;
    }
    return 0;
}

void formula_fill(const parameter_set *set) {
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        uint32_t seed = 2166136261u;
        for (const char *c = p->name; *c; c++)
            seed = (seed ^ (unsigned char)*c) * 16777619u;
        rule r = rule_of(set, p);
        for (size_t k = 0; k < p->count; k++)
            p->value[k] = (float)value_by(r, p, uniform(seed, k));
    }
}
