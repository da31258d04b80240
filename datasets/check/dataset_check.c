#include "datasets/check/dataset_check.h"

#include "core/base/process.h"
#include "datasets/check/components.h"
#include "datasets/preprocess.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void dataset_oddities_free(dataset_oddities *o) {
    name_list_free(&o->unreadable);
    name_list_free(&o->grey_masks);
    name_list_free(&o->unequal_sizes);
    name_list_free(&o->empty_masks);
    name_list_free(&o->implausible);
    free(o->fingerprints);
    o->fingerprints = NULL;
}

static status survey(const dataset *d, int index, const grey_image *image, const grey_image *mask,
                     dataset_oddities *o) {
    status result = set_survey_add(&o->survey, d, index, image, mask);
    return result == STATUS_INPUT ? name_list_add(&o->implausible, status_message()) : result;
}

/* The number of values besides 0 and the maximum. */
static int count_grey_values(const grey_image *mask, int maximum) {
    bool *seen = calloc(65536, sizeof *seen);
    int count = 0;
    for (size_t i = 0; seen && i < grey_image_pixels(mask); i++) {
        int value = mask->pixels[i];
        count += value && value != maximum && !seen[value];
        seen[value] = true;
    }
    count = seen ? count : -1;
    free(seen);
    return count;
}

static status count_targets(const grey_image *mask, int maximum, mask_rule rule, int64_t *targets, int64_t *pixels) {
    component_list list;
    TRY(components_of_mask(mask, maximum, rule, &list));
    *targets += list.count;
    for (int i = 0; i < list.count; i++)
        *pixels += list.items[i].area;
    component_list_free(&list);
    return STATUS_OK;
}

static void count_sizes(dataset_counts *c, const grey_image *image) {
    if (c->images == 0) {
        c->smallest_width = c->largest_width = image->width;
        c->smallest_height = c->largest_height = image->height;
    }
    c->images++;
    c->smallest_width = image->width < c->smallest_width ? image->width : c->smallest_width;
    c->smallest_height = image->height < c->smallest_height ? image->height : c->smallest_height;
    c->largest_width = image->width > c->largest_width ? image->width : c->largest_width;
    c->largest_height = image->height > c->largest_height ? image->height : c->largest_height;
}

static uint64_t fingerprint(const grey_image *image) {
    uint64_t hash = 0xcbf29ce484222325u ^ ((uint64_t)(uint32_t)image->width << 32 | (uint32_t)image->height);
    for (size_t i = 0; i < grey_image_pixels(image); i++)
        hash = (hash ^ image->pixels[i]) * 0x100000001b3u; /* FNV-1a, 16 bits at a time */
    return hash ? hash : 1;
}

/* Counts one more of a kind and notes which. */
static status note(int64_t *count, name_list *lines, const dataset *d, int index, const char *what) {
    char line[1024];
    ++*count;
    if (!lines)
        return STATUS_OK;
    snprintf(line, sizeof line, "split %s, %s: %s", dataset_split(d), dataset_sample_name(d, index), what);
    return name_list_add(lines, line);
}

static status note_mask(const dataset *d, int index, const grey_image *image, const grey_image *mask, int maximum,
                        dataset_counts *c, dataset_oddities *o) {
    char text[128];
    int greys = count_grey_values(mask, maximum);
    if (greys < 0)
        return status_fail(STATUS_MEMORY, "out of memory for the values of a mask");
    if (greys > 0) {
        snprintf(text, sizeof text, "its mask has %d value%s between 0 and its maximum %d; expected two values", greys,
                 greys > 1 ? "s" : "", maximum);
        TRY(note(&c->grey_masks, o ? &o->grey_masks : NULL, d, index, text));
    }
    if (maximum == 0)
        TRY(note(&c->empty_masks, o ? &o->empty_masks : NULL, d, index, "its mask is empty"));
    if (image->width == mask->width && image->height == mask->height)
        return STATUS_OK;
    snprintf(text, sizeof text, "its mask is %dx%d, the image %dx%d", mask->width, mask->height, image->width,
             image->height);
    return note(&c->unequal_sizes, o ? &o->unequal_sizes : NULL, d, index, text);
}

static status count_sample(const dataset *d, int index, const grey_image *image, grey_image *mask, dataset_counts *c,
                           dataset_oddities *o) {
    int maximum = mask_maximum(mask);
    count_sizes(c, image);
    if (o) {
        o->fingerprints[index] = fingerprint(image);
        TRY(survey(d, index, image, mask, o));
    }
    TRY(note_mask(d, index, image, mask, maximum, c, o));
    TRY(count_targets(mask, maximum, MASK_ANY, &c->targets, &c->pixels));
    TRY(resize_mask(mask, 256, 256));
    return count_targets(mask, maximum, MASK_MAX, &c->targets_256, &c->pixels_256);
}

status dataset_count_all(const dataset *d, mask_rule rule, dataset_counts *out, dataset_oddities *oddities,
                         void (*on_sample)(void *context, int done, int total), void *context) {
    *out = (dataset_counts){0};
    int total = dataset_count(d);
    if (oddities) {
        *oddities = (dataset_oddities){.survey = {.rule = rule, .finds_shift = true},
                                       .fingerprints = calloc((size_t)total, sizeof *oddities->fingerprints)};
        if (!oddities->fingerprints)
            return status_fail(STATUS_MEMORY, "out of memory for %d images", total);
    }
    for (int i = 0; i < total; i++) {
        grey_image image = {0}, mask = {0};
        status result = process_check_signals();
        if (result == STATUS_OK)
            result = dataset_read(d, i, MASK_SIZE_MAY_DIFFER, &image, &mask);
        if (result == STATUS_OK)
            result = count_sample(d, i, &image, &mask, out, oddities);
        else if (result == STATUS_INPUT && oddities)
            result = name_list_add(&oddities->unreadable, status_message());
        grey_image_free(&image);
        grey_image_free(&mask);
        TRY(result);
        if (on_sample)
            on_sample(context, i + 1, total);
    }
    return STATUS_OK;
}
