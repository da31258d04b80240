#include "eval/measure/sample.h"

#include <stdlib.h>

void sample_free(sample *s) {
    free(s->image);
    free(s->label);
    *s = (sample){0};
}

static status prepare(grey_image *image, grey_image *mask, const char *name, const evaluate_options *options,
                      sample *out) {
    int maximum = mask_maximum(mask);
    TRY(noise_prepare(options->noise, name, options->size, image, &out->image));
    if (options->size > 0)
        TRY(resize_mask(mask, options->size, options->size));
    out->width = image->width;
    out->height = image->height;
    out->label = malloc((size_t)image->width * (size_t)image->height);
    if (!out->label)
        return status_fail(STATUS_MEMORY, "out of memory for a %dx%d sample", image->width, image->height);
    mask_to_label(mask, maximum, options->mask, out->label);
    return STATUS_OK;
}

status sample_read(const dataset *data, int index, const evaluate_options *options, sample *out) {
    *out = (sample){0};
    grey_image image = {0}, mask = {0};
    dataset_mask_size rule = options->size > 0 ? MASK_SIZE_MAY_DIFFER : MASK_SIZE_MUST_MATCH;
    status result = dataset_read(data, index, rule, &image, &mask);
    if (result == STATUS_OK)
        result = prepare(&image, &mask, dataset_sample_name(data, index), options, out);
    grey_image_free(&image);
    grey_image_free(&mask);
    if (result != STATUS_OK)
        sample_free(out);
    return result;
}
