#include "eval/measure/operating_point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Floats in their order, cut into steps that share the sign, the exponent and the first bits of the mantissa. A first
 * pass over the images finds the step, a second one the float in it. */
enum { STEP_BITS = 9, FLOATS_OF_STEP = 1 << STEP_BITS, STEPS = 1 << (32 - STEP_BITS) };

#define RANK_OF_ZERO 0x80000000u

typedef struct background {
    int64_t *steps; /* pixels of each */
    int64_t floats[FLOATS_OF_STEP], pixels;
    int step;      /* whose floats are counted; -1 in the first pass */
    int64_t above; /* pixels in higher steps */
    score_rule rule;
    float *scaled; /* room for an image */
    size_t room;
} background;

/* A whole number that grows with the float. */
static uint32_t rank_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value == 0) /* -0 too */
        return RANK_OF_ZERO;
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float float_of(uint32_t rank) {
    uint32_t bits = rank & 0x80000000u ? rank & 0x7fffffffu : ~rank;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void add_pixel(background *b, float score) {
    uint32_t rank = rank_of(score);
    int step = (int)(rank >> STEP_BITS);
    if (b->step < 0) {
        b->pixels++;
        b->steps[step] += score > -INFINITY; /* it or NaN is above no threshold */
    } else if (step == b->step) {
        b->floats[rank % FLOATS_OF_STEP]++;
    }
}

static status add(void *context, const char *name, const scored_image *image, const per_image *outcome) {
    background *b = context;
    size_t pixels = (size_t)image->width * (size_t)image->height;
    (void)outcome;
    if (pixels > b->room) {
        free(b->scaled);
        b->scaled = malloc(pixels * sizeof *b->scaled);
        b->room = b->scaled ? pixels : 0;
    }
    if (!b->scaled)
        return status_fail(STATUS_MEMORY, "%s: out of memory for a %dx%d map", name, image->width, image->height);
    score_rule_scale(b->rule, image, b->scaled);
    for (size_t i = 0; i < pixels; i++)
        if (!image->label[i])
            add_pixel(b, b->scaled[i]);
    return STATUS_OK;
}

/* From the top down to the first step that is not allowed any more; if all are, to that of 0. */
static void choose_step(background *b, int64_t allowed) {
    int lowest = STEPS - 1;
    int64_t above = 0;
    while (lowest >= 0 && above + b->steps[lowest] <= allowed)
        above += b->steps[lowest--];
    b->step = lowest >= 0 ? lowest : (int)(RANK_OF_ZERO >> STEP_BITS);
    for (int step = b->step + 1; step < STEPS; step++)
        b->above += b->steps[step];
}

/* The same in the step: the threshold is the first float that is not allowed, or the step's lowest. */
static float choose_float(background *b, int64_t allowed) {
    int at = FLOATS_OF_STEP - 1;
    for (; at > 0 && b->above + b->floats[at] <= allowed; at--)
        b->above += b->floats[at];
    return float_of(((uint32_t)b->step << STEP_BITS) | (uint32_t)at);
}

static status find(background *b, const score_source *source, const dataset *data, const evaluate_options *options,
                   double fa, double *threshold) {
    evaluate_options watched = *options;
    const image_watcher watcher = {add, b};
    watched.watcher = &watcher;
    watched.label = options->label ? "find the threshold" : NULL;
    metrics unused;
    TRY(evaluate_source(source, data, &watched, &unused, NULL));
    int64_t allowed = (int64_t)(fa * (double)b->pixels);
    allowed += b->pixels > 0 && (double)(allowed + 1) / (double)b->pixels <= fa; /* the product rounds */
    choose_step(b, allowed);
    TRY(evaluate_source(source, data, &watched, &unused, NULL));
    *threshold = choose_float(b, allowed);
    if (isinf(*threshold))
        return status_fail(STATUS_NUMERIC,
                           "a false-alarm rate of %g: the scores of more background are infinite by the rule %s", fa,
                           score_rule_names[b->rule]);
    return STATUS_OK;
}

status operating_point_find(const score_source *source, const dataset *data, const evaluate_options *options, double fa,
                            double *threshold, double *reached) {
    if (!(fa >= 0 && fa < 1))
        return status_fail(STATUS_USAGE, "a false-alarm rate of %g: expected at least 0 and less than 1", fa);
    background b = {.steps = calloc(STEPS, sizeof *b.steps), .step = -1, .rule = options->how.rule};
    if (!b.steps)
        return status_fail(STATUS_MEMORY, "out of memory for the operating point");
    status result = find(&b, source, data, options, fa, threshold);
    *reached = b.pixels ? (double)b.above / (double)b.pixels : 0;
    free(b.steps);
    free(b.scaled);
    return result;
}

bool operating_point_remark(double fa, int64_t pixels, char *text, size_t size) {
    enum { FEW = 3 };
    if (pixels == 0 || fa * (double)pixels >= FEW)
        return false;
    snprintf(
        text, size,
        "a rate of %g is %.2g of the %lld pixels of background here: single pixels decide the threshold; take more "
        "images, or a higher rate",
        fa, fa * (double)pixels, (long long)pixels);
    return true;
}
