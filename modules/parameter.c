#include "modules/parameter.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void parameter_free(parameter *p) {
    if (!p)
        return;
    free(p->name);
    free(p->value);
    free(p->grad);
    free(p->ranges);
    free(p);
}

void parameter_set_free(parameter_set *set) {
    for (int i = 0; i < set->count; i++)
        parameter_free(set->items[i]);
    free(set->items);
    *set = (parameter_set){0};
}

static bool make_room(parameter_set *set) {
    if (set->count < set->capacity)
        return true;
    int capacity = set->capacity ? 2 * set->capacity : 256;
    parameter **items = realloc(set->items, (size_t)capacity * sizeof *items);
    if (!items)
        return false;
    set->items = items;
    set->capacity = capacity;
    return true;
}

/* 64-byte aligned, so that vector loads of weights stay within cache lines. */
static float *zeros(size_t count) {
    size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
    float *data = aligned_alloc(64, bytes ? bytes : 64);
    if (data)
        memset(data, 0, bytes ? bytes : 64);
    return data;
}

static parameter *parameter_new(parameter_kind kind, int rank, const int *shape, const char *format,
                                va_list arguments) {
    parameter *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (parameter){.kind = kind, .rank = rank, .count = 1};
    for (int i = 0; i < rank; i++) {
        p->shape[i] = shape[i];
        p->count *= (size_t)shape[i];
    }
    p->value = zeros(p->count);
    if (vasprintf(&p->name, format, arguments) < 0)
        p->name = NULL;
    if (!p->name || !p->value) {
        parameter_free(p);
        return NULL;
    }
    return p;
}

parameter *parameter_add(parameter_set *set, parameter_kind kind, int rank, const int *shape, const char *name, ...) {
    va_list arguments;
    va_start(arguments, name);
    parameter *p = make_room(set) ? parameter_new(kind, rank, shape, name, arguments) : NULL;
    va_end(arguments);
    if (p) {
        set->items[set->count++] = p;
        set->elements += p->count;
    }
    return p;
}

parameter *parameter_find(const parameter_set *set, const char *name) {
    for (int i = 0; i < set->count; i++)
        if (!strcmp(set->items[i]->name, name))
            return set->items[i];
    return NULL;
}

void parameter_set_order(parameter_set *set, const char *const *prefixes) {
    int placed = 0;
    for (; *prefixes; prefixes++)
        for (int i = placed; i < set->count; i++) {
            parameter *p = set->items[i];
            if (strncmp(p->name, *prefixes, strlen(*prefixes)) != 0)
                continue;
            memmove(&set->items[placed + 1], &set->items[placed], (size_t)(i - placed) * sizeof *set->items);
            set->items[placed++] = p;
        }
}

int64_t parameter_count_trained(const parameter_set *set) {
    int64_t total = 0;
    for (int i = 0; i < set->count; i++)
        if (set->items[i]->kind == PARAMETER_TRAINED)
            total += (int64_t)set->items[i]->count;
    return total;
}

status parameter_make_ranges(parameter *p) {
    if (p->ranges || (p->ranges = zeros(2 * (size_t)p->shape[0])))
        return STATUS_OK;
    return status_fail(STATUS_MEMORY, "out of memory for the ranges of %s", p->name);
}

status parameter_make_gradient(parameter *p) {
    if (p->kind != PARAMETER_TRAINED || p->grad || (p->grad = zeros(p->count)))
        return STATUS_OK;
    return status_fail(STATUS_MEMORY, "out of memory for the gradient of %s", p->name);
}

status parameter_set_make_gradients(const parameter_set *set) {
    for (int i = 0; i < set->count; i++)
        TRY(parameter_make_gradient(set->items[i]));
    return STATUS_OK;
}

void parameter_clear_gradients(const parameter_set *set) {
    for (int i = 0; i < set->count; i++)
        if (set->items[i]->grad)
            memset(set->items[i]->grad, 0, set->items[i]->count * sizeof(float));
}
