#include "eval/evaluate.h"

#include "core/progress.h"

#include <stdlib.h>

/* One sample, ready for the detector. */
typedef struct prepared {
    int width, height;
    float *image;
    uint8_t *label;
} prepared;

static status convert(const grey_image *image, const grey_image *mask, int maximum, mask_rule rule, prepared *out) {
    size_t pixels = (size_t)image->width * (size_t)image->height;
    *out = (prepared){.width = image->width, .height = image->height};
    out->image = malloc(pixels * sizeof *out->image);
    out->label = malloc(pixels);
    if (!out->image || !out->label) {
        free(out->image);
        free(out->label);
        return status_fail(STATUS_MEMORY, "out of memory for an image of %dx%d", image->width, image->height);
    }
    image_to_unit(image, out->image);
    mask_to_label(mask, maximum, rule, out->label);
    return STATUS_OK;
}

static status prepare(const dataset *data, int index, const evaluate_options *o, prepared *out) {
    grey_image image = {0}, mask = {0};
    status result = dataset_read(data, index, o->size ? MASK_SIZE_MAY_DIFFER : MASK_SIZE_MUST_MATCH, &image, &mask);
    int maximum = result == STATUS_OK ? mask_maximum(&mask) : 0;
    if (result == STATUS_OK && o->size)
        result = resize_image(&image, o->size, o->size);
    if (result == STATUS_OK && o->size)
        result = resize_mask(&mask, o->size, o->size);
    if (result == STATUS_OK)
        result = convert(&image, &mask, maximum, o->mask, out);
    grey_image_free(&image);
    grey_image_free(&mask);
    return result;
}

static status add_sample(detector *d, const prepared *sample, const evaluate_options *o, metrics *out, double *ms) {
    detector_maps maps;
    double start = clock_seconds();
    TRY(detector_run(d, sample->image, sample->width, sample->height, DETAIL_SCORE, &maps));
    *ms = 1e3 * (clock_seconds() - start);
    const float *score = o->rule == RULE_LOGIT ? maps.logit : maps.score;
    return metrics_add(out, score, maps.score, sample->label, sample->width, sample->height, o->rule, o->protocol);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static status add_all(detector *d, const dataset *data, const evaluate_options *o, metrics *out, double *times) {
    progress bar;
    int count = dataset_count(data);
    status result = STATUS_OK;
    if (o->label)
        progress_begin(&bar, o->label, "image", count);
    for (int i = 0; i < count && result == STATUS_OK; i++) {
        prepared sample;
        result = prepare(data, i, o, &sample);
        if (result != STATUS_OK)
            break;
        result = add_sample(d, &sample, o, out, &times[i]);
        free(sample.image);
        free(sample.label);
        if (o->label)
            progress_update(&bar, i + 1, NULL);
    }
    if (o->label)
        progress_end(&bar);
    return result;
}

status evaluate_dataset(detector *d, const dataset *data, const evaluate_options *options, metrics *out,
                        double *ms_per_image) {
    if (options->rule == RULE_LOGIT && detector_score_kind(d) == SCORE_RAW)
        return status_fail(STATUS_USAGE, "%s gives raw scores, not logits: the rule logit does not apply",
                           detector_name(d));
    *out = (metrics){0};
    int count = dataset_count(data);
    double *times = calloc((size_t)count, sizeof *times);
    if (!times)
        return status_fail(STATUS_MEMORY, "out of memory for an evaluation");
    status result = add_all(d, data, options, out, times);
    qsort(times, (size_t)count, sizeof *times, by_value);
    *ms_per_image = times[count / 2];
    free(times);
    return result;
}
