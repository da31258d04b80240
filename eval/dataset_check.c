#include "eval/dataset_check.h"

#include "datasets/preprocess.h"
#include "eval/components.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const known_totals known[] = {
    {"NUDT-SIRST", "train", 663, 0, 0, 0, 0},    {"NUDT-SIRST", "test", 664, 0, 0, 945, 28315},
    {"IRSTD-1k", "train", 800, 0, 0, 0, 0},      {"IRSTD-1k", "test", 201, 297, 14547, 291, 3615},
    {"SIRST_Aug", "trainval", 8525, 0, 0, 0, 0}, {"SIRST_Aug", "test", 545, 0, 0, 727, 66572},
    {"SIRST", "trainval", 341, 0, 0, 0, 0},      {"SIRST", "test", 86, 109, 0, 0, 0},
};

const known_totals *dataset_known_totals(const char *name, const char *split) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcasecmp(known[i].name, name) && !strcmp(known[i].split, split))
            return &known[i];
    return NULL;
}

static bool has_grey_values(const grey_image *mask, int maximum) {
    for (size_t i = 0; i < (size_t)mask->width * (size_t)mask->height; i++)
        if (mask->pixels[i] && mask->pixels[i] != maximum)
            return true;
    return false;
}

static status count_targets(const grey_image *mask, int maximum, mask_rule rule, int64_t *targets, int64_t *pixels) {
    uint8_t *label = malloc((size_t)mask->width * (size_t)mask->height);
    if (!label)
        return status_fail(STATUS_MEMORY, "out of memory for a mask");
    mask_to_label(mask, maximum, rule, label);
    component_list list;
    status result = components_find(label, mask->width, mask->height, &list);
    free(label);
    TRY(result);
    *targets += list.count;
    for (int i = 0; i < list.count; i++)
        *pixels += list.items[i].area;
    component_list_free(&list);
    return STATUS_OK;
}

static void count_sizes(dataset_counts *c, const grey_image *image, const grey_image *mask, int maximum) {
    if (c->images == 0) {
        c->smallest_width = c->largest_width = image->width;
        c->smallest_height = c->largest_height = image->height;
    }
    c->images++;
    c->smallest_width = image->width < c->smallest_width ? image->width : c->smallest_width;
    c->smallest_height = image->height < c->smallest_height ? image->height : c->smallest_height;
    c->largest_width = image->width > c->largest_width ? image->width : c->largest_width;
    c->largest_height = image->height > c->largest_height ? image->height : c->largest_height;
    c->unequal_sizes += image->width != mask->width || image->height != mask->height;
    c->grey_masks += has_grey_values(mask, maximum);
    c->empty_masks += maximum == 0;
}

status dataset_count_all(const dataset *d, dataset_counts *out, void (*on_sample)(void *context, int done),
                         void *context) {
    *out = (dataset_counts){0};
    for (int i = 0; i < dataset_count(d); i++) {
        grey_image image, mask;
        TRY(dataset_read(d, i, MASK_SIZE_MAY_DIFFER, &image, &mask));
        int maximum = mask_maximum(&mask);
        count_sizes(out, &image, &mask, maximum);
        status result = count_targets(&mask, maximum, MASK_ANY, &out->targets, &out->pixels);
        if (result == STATUS_OK)
            result = resize_mask(&mask, 256, 256);
        if (result == STATUS_OK)
            result = count_targets(&mask, maximum, MASK_MAX, &out->targets_256, &out->pixels_256);
        grey_image_free(&image);
        grey_image_free(&mask);
        TRY(result);
        if (on_sample)
            on_sample(context, i + 1);
    }
    return STATUS_OK;
}
