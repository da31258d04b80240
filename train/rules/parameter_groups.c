#include "train/rules/parameter_groups.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_VALUE 1e6

/* The next element of a list separated by commas, without the blanks around it; NULL behind the last. */
static const char *next_element(const char **at, size_t *length) {
    *at += strspn(*at, " \t");
    if (!**at)
        return NULL;
    const char *start = *at;
    size_t whole = strcspn(start, ",");
    *length = whole;
    while (*length > 0 && (start[*length - 1] == ' ' || start[*length - 1] == '\t'))
        --*length;
    *at = start + whole + (start[whole] == ',');
    return start;
}

static status add_pattern(parameter_patterns *p, const char *start, size_t length, const char *key) {
    if (length == 0 || length >= PATTERN_LENGTH || p->count == PATTERN_COUNT)
        return status_fail(STATUS_USAGE,
                           "%s: '%.*s': expected up to %d names of parameters, separated by commas, of up to %d "
                           "characters each, * for any",
                           key, (int)(length < 40 ? length : 40), start, PATTERN_COUNT, PATTERN_LENGTH - 1);
    snprintf(p->text[p->count++], PATTERN_LENGTH, "%.*s", (int)length, start);
    return STATUS_OK;
}

status parameter_patterns_read(const char *text, const char *key, parameter_patterns *out) {
    size_t length;
    *out = (parameter_patterns){0};
    for (const char *start; (start = next_element(&text, &length));)
        TRY(add_pattern(out, start, length, key));
    return STATUS_OK;
}

status parameter_values_read(const char *text, const char *key, double least, parameter_values *out) {
    size_t length;
    *out = (parameter_values){0};
    for (const char *start; (start = next_element(&text, &length));) {
        const char *colon = memrchr(start, ':', length);
        char *end = NULL;
        double value = colon ? strtod(colon + 1, &end) : NAN;
        if (!colon || end == colon + 1 || end != start + length || !(value >= least && value <= MOST_VALUE))
            return status_fail(STATUS_USAGE,
                               "%s: '%.*s': expected NAME:NUMBER, as in *.epsilon:10, the number in %g..%g", key,
                               (int)length, start, least, MOST_VALUE);
        TRY(add_pattern(&out->names, start, (size_t)(colon - start), key));
        out->value[out->names.count - 1] = value;
    }
    return STATUS_OK;
}

bool parameter_patterns_match(const parameter_patterns *p, const char *name) {
    for (int i = 0; i < p->count; i++)
        if (fnmatch(p->text[i], name, 0) == 0)
            return true;
    return false;
}

const double *parameter_values_find(const parameter_values *v, const char *name) {
    const double *found = NULL;
    for (int i = 0; i < v->names.count; i++)
        if (fnmatch(v->names.text[i], name, 0) == 0)
            found = &v->value[i];
    return found;
}

status parameter_patterns_check(const parameter_patterns *p, const char *key, const parameter_set *set) {
    for (int i = 0; i < p->count; i++) {
        bool found = false;
        for (int k = 0; k < set->count && !found; k++)
            found = set->items[k]->kind == PARAMETER_TRAINED && fnmatch(p->text[i], set->items[k]->name, 0) == 0;
        if (!found)
            return status_fail(STATUS_USAGE, "%s: no parameter is called '%s'; there is, for example, %s", key,
                               p->text[i], set->count ? set->items[0]->name : "none at all");
    }
    return STATUS_OK;
}
