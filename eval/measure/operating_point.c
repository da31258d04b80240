#include "eval/measure/operating_point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Floats in their order, cut into steps that share the sign, the exponent and the first bits of the mantissa. */
enum { STEP_BITS = 9, STEPS = 1 << (32 - STEP_BITS) };

typedef struct histogram {
    int64_t *counts; /* of background pixels */
    int64_t background;
    score_rule rule;
    float *scaled; /* room for an image */
    size_t room;
} histogram;

/* A whole number that grows with the float; NaN is below all. */
static uint32_t rank_of(float value) {
    uint32_t bits;
    if (isnan(value))
        return 0;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float float_of(uint32_t rank) {
    uint32_t bits = rank & 0x80000000u ? rank & 0x7fffffffu : ~rank;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static status add(void *context, const char *name, const scored_image *image, const per_image *outcome) {
    histogram *h = context;
    size_t pixels = (size_t)image->width * (size_t)image->height;
    (void)outcome;
    if (pixels > h->room) {
        free(h->scaled);
        h->scaled = malloc(pixels * sizeof *h->scaled);
        h->room = h->scaled ? pixels : 0;
    }
    if (!h->scaled)
        return status_fail(STATUS_MEMORY, "%s: out of memory for a %dx%d map", name, image->width, image->height);
    score_rule_scale(h->rule, image, h->scaled);
    for (size_t i = 0; i < pixels; i++)
        if (!image->label[i]) {
            h->counts[rank_of(h->scaled[i]) >> STEP_BITS]++;
            h->background++;
        }
    return STATUS_OK;
}

/* From the top down as many steps as are allowed; the threshold is the largest float of the first that is not. */
static void choose(const histogram *h, double fa, double *threshold, double *reached) {
    int64_t above = 0, allowed = (int64_t)(fa * (double)h->background);
    int64_t step = STEPS - 1, lowest = 0;
    while (lowest < STEPS && h->counts[lowest] == 0)
        lowest++;
    for (; step > lowest && above + h->counts[step] <= allowed; step--)
        above += h->counts[step];
    *threshold = float_of(((uint32_t)step << STEP_BITS) | ((1u << STEP_BITS) - 1));
    *reached = h->background ? (double)above / (double)h->background : 0;
}

status operating_point_find(const score_source *source, const dataset *data, const evaluate_options *options, double fa,
                            double *threshold, double *reached) {
    if (!(fa >= 0 && fa < 1))
        return status_fail(STATUS_USAGE, "a false-alarm rate of %g: expected at least 0 and less than 1", fa);
    histogram h = {.counts = calloc(STEPS, sizeof *h.counts), .rule = options->how.rule};
    if (!h.counts)
        return status_fail(STATUS_MEMORY, "out of memory for the operating point");
    evaluate_options watched = *options;
    const image_watcher watcher = {add, &h};
    watched.watcher = &watcher;
    metrics unused;
    status result = evaluate_source(source, data, &watched, &unused, NULL);
    if (result == STATUS_OK)
        choose(&h, fa, threshold, reached);
    free(h.counts);
    free(h.scaled);
    return result;
}
