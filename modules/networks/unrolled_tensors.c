#include "modules/networks/unrolled_tensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int unrolled_stage_of(const char *name, const char **rest) {
    static const char prefix[] = "decos.";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return -1;
    const char *digits = name + sizeof prefix - 1;
    size_t length = strspn(digits, "0123456789");
    if (length < 1 || length > 4 || digits[length] != '.')
        return -1;
    *rest = digits + length + 1;
    return atoi(digits);
}

static int count_stages(const named_shape *tensors, int count) {
    int stages = 0;
    for (int i = 0; i < count; i++) {
        const char *rest;
        int stage = unrolled_stage_of(tensors[i].name, &rest);
        stages = stage >= stages ? stage + 1 : stages;
    }
    return stages;
}

status unrolled_set(config *options, const char *key, int value) {
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    return config_set(options, key, text, "its tensors");
}

status unrolled_stages_from_tensors(const named_shape *tensors, int count, config *options) {
    return unrolled_set(options, "model.stages", count_stages(tensors, count));
}

/* Convolutions in a sequence of the first stage, by their weights. */
static int count_convolutions(const named_shape *tensors, int count, const char *sequence) {
    int convolutions = 0;
    for (int i = 0; i < count; i++) {
        const char *rest;
        convolutions += unrolled_stage_of(tensors[i].name, &rest) == 0 && tensors[i].rank == 4 &&
                        !strncmp(rest, sequence, strlen(sequence)) && rest[strlen(sequence)] == '.';
    }
    return convolutions;
}

status unrolled_channels_of(const named_shape *tensors, int count, const char *layer, int *out) {
    const named_shape *weight = named_shape_find(tensors, count, "decos.0.%s.weight", layer);
    if (!weight)
        return status_fail(STATUS_INPUT, "decos.0.%s.weight is missing; an unrolled network has it", layer);
    if (weight->rank != 4 || weight->shape[0] < 1)
        return status_fail(STATUS_INPUT, "decos.0.%s.weight is not the weight of a convolution: expected 4 dimensions",
                           layer);
    *out = weight->shape[0];
    return STATUS_OK;
}

status unrolled_layers_from_tensors(const named_shape *tensors, int count, const char *sequence, int others,
                                    const char *key, config *options) {
    int convolutions = count_convolutions(tensors, count, sequence);
    if (convolutions < others)
        return status_fail(STATUS_INPUT, "decos.0.%s has %d convolutions, expected at least %d", sequence, convolutions,
                           others);
    return unrolled_set(options, key, convolutions - others);
}
