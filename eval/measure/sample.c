#include "eval/measure/sample.h"

#include "eval/measure/score_map.h"

#include <stdlib.h>

const char *const sample_resizing_names[] = {[RESIZE_OPENCV] = "opencv", [RESIZE_PILLOW] = "pillow"};

const char *sample_resizing_text(const sample_options *o) {
    return o->size > 0 && o->resizing == RESIZE_PILLOW ? " by Pillow's rules" : "";
}

void sample_free(sample *s) {
    free(s->image);
    free(s->label);
    *s = (sample){0};
}

static status unit_image(const grey_image *image, const char *name, float **out) {
    *out = malloc(grey_image_pixels(image) * sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for the image %s", name);
    image_to_unit(image, *out);
    return STATUS_OK;
}

/* Varies the image as it is stored, then resizes. */
static status vary_stored(const grey_image *image, const char *name, const sample_options *o, float **out) {
    float *stored;
    *out = malloc((size_t)o->size * (size_t)o->size * sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for the image %s", name);
    TRY(unit_image(image, name, &stored));
    o->vary->apply(o->vary->context, name, stored, grey_image_pixels(image));
    score_map_resize(stored, image->width, image->height, o->size, o->size, *out);
    free(stored);
    return STATUS_OK;
}

static status prepare_image(grey_image *image, const char *name, const sample_options *o, sample *out) {
    bool early = o->vary && o->vary->before_resizing && o->size > 0;
    if (early)
        TRY(vary_stored(image, name, o, &out->image));
    if (o->size > 0)
        TRY((o->resizing == RESIZE_PILLOW ? resize_antialiased : resize_image)(image, o->size, o->size));
    out->width = image->width;
    out->height = image->height;
    if (early)
        return STATUS_OK;
    TRY(unit_image(image, name, &out->image));
    if (o->vary)
        o->vary->apply(o->vary->context, name, out->image, grey_image_pixels(image));
    return STATUS_OK;
}

static status prepare_label(grey_image *mask, const sample_options *o, sample *out) {
    int maximum = mask_maximum(mask);
    if (o->size > 0)
        TRY((o->resizing == RESIZE_PILLOW ? resize_mask_centred : resize_mask)(mask, o->size, o->size));
    out->label = malloc(grey_image_pixels(mask));
    if (!out->label)
        return status_fail(STATUS_MEMORY, "out of memory for a %dx%d sample", mask->width, mask->height);
    mask_to_label(mask, maximum, o->mask, out->label);
    return STATUS_OK;
}

status sample_read(const dataset *data, int index, const sample_options *options, sample *out) {
    *out = (sample){0};
    grey_image image = {0}, mask = {0};
    dataset_mask_size rule = options->size > 0 ? MASK_SIZE_MAY_DIFFER : MASK_SIZE_MUST_MATCH;
    status result = dataset_read(data, index, rule, &image, &mask);
    if (result == STATUS_OK)
        result = prepare_image(&image, dataset_sample_name(data, index), options, out);
    if (result == STATUS_OK)
        result = prepare_label(&mask, options, out);
    grey_image_free(&image);
    grey_image_free(&mask);
    if (result != STATUS_OK)
        sample_free(out);
    return result;
}
