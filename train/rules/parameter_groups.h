/* Parameters by name: patterns with * and ?, as the shell's. `decos.5.*` is all of stage 6 of RPCANet+, `*.epsilon` the
 * step size of every target module.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_TRAIN_RULES_PARAMETER_GROUPS_H
#define IRST_TRAIN_RULES_PARAMETER_GROUPS_H

#include "core/base/status.h"
#include "modules/parameter.h"

#include <stdbool.h>

enum { PATTERN_COUNT = 16, PATTERN_LENGTH = 128 };

typedef struct parameter_patterns {
    int count;
    char text[PATTERN_COUNT][PATTERN_LENGTH];
} parameter_patterns;

/* A number for each pattern. */
typedef struct parameter_values {
    parameter_patterns names;
    double value[PATTERN_COUNT];
} parameter_values;

/* "decos.0.*, *.bias"; empty text: no pattern. `key` names the setting in messages (STATUS_USAGE). */
status parameter_patterns_read(const char *text, const char *key, parameter_patterns *out);

/* "*.epsilon:10, *.bias:2": a pattern and a number, `least` or more. */
status parameter_values_read(const char *text, const char *key, double least, parameter_values *out);

bool parameter_patterns_match(const parameter_patterns *p, const char *name);

/* That of the last pattern that matches; NULL if none does. */
const double *parameter_values_find(const parameter_values *v, const char *name);

/* Fails if a pattern matches no trained parameter: a typing error would go unnoticed. */
status parameter_patterns_check(const parameter_patterns *p, const char *key, const parameter_set *set);

#endif
