#include "datasets/check/vanished_targets.h"

#include <stdlib.h>

enum { MOST_TARGETS = 65535 }; /* whose numbers a pixel holds: a mask of more is no label of targets */

/* The numbers of the targets as an image, which is resized as their mask is. */
static status number_pixels(const component_list *targets, int width, int height, grey_image *out) {
    TRY(grey_image_new(width, height, MOST_TARGETS, out));
    for (size_t i = 0; i < grey_image_pixels(out); i++)
        out->pixels[i] = (uint16_t)targets->labels[i];
    return STATUS_OK;
}

/* Adds how many different targets there are. */
static status count_left(const grey_image *numbers, int targets, int64_t *out) {
    bool *seen = calloc((size_t)targets + 1, sizeof *seen);
    if (!seen)
        return status_fail(STATUS_MEMORY, "out of memory for the targets of a mask");
    for (size_t i = 0; i < grey_image_pixels(numbers); i++) {
        int number = numbers->pixels[i];
        *out += number > 0 && !seen[number];
        seen[number] = true;
    }
    free(seen);
    return STATUS_OK;
}

static status compare(const component_list *targets, const grey_image *mask, const mask_resizing *how,
                      int64_t *vanished) {
    grey_image numbers;
    int64_t left = 0;
    TRY(number_pixels(targets, mask->width, mask->height, &numbers));
    status result = (how->centred ? resize_mask_centred : resize_mask)(&numbers, how->size, how->size);
    if (result == STATUS_OK)
        result = count_left(&numbers, targets->count, &left);
    grey_image_free(&numbers);
    if (result == STATUS_OK)
        *vanished += targets->count - left;
    return result;
}

status vanished_targets_add(const grey_image *mask, int maximum, mask_rule rule, const mask_resizing *how,
                            int64_t *targets, int64_t *vanished) {
    component_list list;
    if (maximum == 0 || how->size == 0 || (mask->width <= how->size && mask->height <= how->size))
        return STATUS_OK;
    TRY(components_of_mask(mask, maximum, rule, &list));
    status result = STATUS_OK;
    if (list.count <= MOST_TARGETS) {
        *targets += list.count;
        result = compare(&list, mask, how, vanished);
    }
    component_list_free(&list);
    return result;
}
