#include "eval/experiments/number_list.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char separators[] = " \t,";

static bool is_next(const number_list *list, double value, number_kind kind, double minimum, double maximum) {
    bool increases = list->count == 0 || value > list->values[list->count - 1];
    bool fits = value >= minimum && value <= maximum && (kind == NUMBERS_REAL || value == floor(value));
    return increases && fits && list->count < MOST_NUMBERS;
}

status number_list_read(const char *key, const char *text, number_kind kind, double minimum, double maximum,
                        number_list *out) {
    *out = (number_list){0};
    const char *rest = text + strspn(text, separators);
    while (*rest) {
        char *end;
        double value = strtod(rest, &end);
        if (end == rest || (*end && !strchr(separators, *end)) || !is_next(out, value, kind, minimum, maximum))
            return status_fail(STATUS_USAGE, "%s = %.80s: expected at most %d increasing %snumbers in %g..%g", key,
                               text, MOST_NUMBERS, kind == NUMBERS_WHOLE ? "whole " : "", minimum, maximum);
        out->values[out->count++] = value;
        rest = end + strspn(end, separators);
    }
    return STATUS_OK;
}
