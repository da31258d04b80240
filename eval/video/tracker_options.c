#include "eval/video/tracker.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FRAMES = 1000 };

/* No image has more pixels in a row, and none is known so finely. The filter squares them, and their sums must keep
 * what each of them adds. */
#define LEAST_REAL 1e-6
#define MOST_REAL 1e6

static const struct {
    const char *name;
    size_t offset;
} reals[] = {
    {"noise", offsetof(tracker_options, noise)},
    {"acceleration", offsetof(tracker_options, acceleration)},
    {"speed", offsetof(tracker_options, speed)},
    {"gate", offsetof(tracker_options, gate)},
};

static status bad(const char *option, const char *pair, const char *expected) {
    return status_fail(STATUS_USAGE, "%s: '%.100s', expected %s", option, pair, expected);
}

static status read_real(const char *option, const char *pair, const char *value, double *out) {
    char *end;
    *out = strtod(value, &end);
    return end != value && !*end && *out >= LEAST_REAL && *out <= MOST_REAL
               ? STATUS_OK
               : bad(option, pair, "a number from 0.000001 to 1000000");
}

static status read_frames(const char *option, const char *pair, const char *value, tracker_options *out) {
    char after;
    if (!strncmp(pair, "coast=", strlen("coast="))) {
        if (sscanf(value, "%4d%c", &out->coast, &after) == 1 && out->coast >= 0 && out->coast <= MOST_FRAMES)
            return STATUS_OK;
        return bad(option, pair, "a number of frames from 0 to 1000");
    }
    if (sscanf(value, "%4d/%4d%c", &out->confirm, &out->of, &after) == 2 && out->confirm >= 1 &&
        out->confirm <= out->of && out->of <= MOST_FRAMES)
        return STATUS_OK;
    return bad(option, pair, "M/N with 1 <= M <= N <= 1000");
}

static status read_pair(const char *option, const char *pair, tracker_options *out) {
    const char *equals = strchr(pair, '=');
    size_t length = equals ? (size_t)(equals - pair) : 0;
    for (size_t i = 0; i < sizeof reals / sizeof *reals && equals; i++)
        if (strlen(reals[i].name) == length && !strncmp(pair, reals[i].name, length))
            return read_real(option, pair, equals + 1, (double *)(void *)((char *)out + reals[i].offset));
    if (!strncmp(pair, "coast=", strlen("coast=")) || !strncmp(pair, "confirm=", strlen("confirm=")))
        return read_frames(option, pair, equals + 1, out);
    return bad(option, pair, "KEY=VALUE of " TRACKER_KEYS);
}

static status read_pairs(const char *text, const char *option, tracker_options *out) {
    char copy[256], *rest;
    if (strlen(text) >= sizeof copy)
        return bad(option, text, "fewer characters");
    strcpy(copy, text);
    for (char *pair = strtok_r(copy, ",", &rest); pair; pair = strtok_r(NULL, ",", &rest))
        TRY(read_pair(option, pair, out));
    return STATUS_OK;
}

status tracker_options_read(const char *text, const char *option, tracker_options *out) {
    *out = (tracker_options){0};
    TRY(read_pairs(TRACKER_DEFAULTS, option, out));
    return text ? read_pairs(text, option, out) : STATUS_OK;
}
