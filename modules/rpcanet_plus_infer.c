/* RPCANet+ from the tensors of a published checkpoint. All stages are alike, so the first one tells every width and
 * depth; whether the others agree shows when the tensors are loaded. */
#include "modules/rpcanet_plus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* K of "decos.K.rest", with *rest behind the dot; -1 for another name. */
static int stage_of(const char *name, const char **rest) {
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

/* RPCANet has stages of the same name, but neither noise module nor channel attention. */
bool rpcanet_plus_recognises(const named_shape *tensors, int count) {
    for (int i = 0; i < count; i++) {
        const char *rest;
        if (stage_of(tensors[i].name, &rest) >= 0 &&
            (!strncmp(rest, "residual.", 9) || strstr(rest, ".channel_attention.") != NULL))
            return true;
    }
    return false;
}

static int count_stages(const named_shape *tensors, int count) {
    int stages = 0;
    for (int i = 0; i < count; i++) {
        const char *rest;
        int stage = stage_of(tensors[i].name, &rest);
        stages = stage >= stages ? stage + 1 : stages;
    }
    return stages;
}

/* Convolutions in a sequence of the first stage, by their weights. */
static int count_convolutions(const named_shape *tensors, int count, const char *sequence) {
    int convolutions = 0;
    for (int i = 0; i < count; i++) {
        const char *rest;
        convolutions += stage_of(tensors[i].name, &rest) == 0 && tensors[i].rank == 4 &&
                        !strncmp(rest, sequence, strlen(sequence)) && rest[strlen(sequence)] == '.';
    }
    return convolutions;
}

/* Output channels of a convolution of the first stage. */
static status channels_of(const named_shape *tensors, int count, const char *layer, int *out) {
    const named_shape *weight = named_shape_find(tensors, count, "decos.0.%s.weight", layer);
    if (!weight)
        return status_fail(STATUS_INPUT, "decos.0.%s.weight is missing; an RPCANet+ has it", layer);
    if (weight->rank != 4 || weight->shape[0] < 1)
        return status_fail(STATUS_INPUT, "decos.0.%s.weight is not the weight of a convolution: expected 4 dimensions",
                           layer);
    *out = weight->shape[0];
    return STATUS_OK;
}

static status set(config *options, const char *key, int value) {
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    return config_set(options, key, text, "its tensors");
}

static status set_layers(const named_shape *tensors, int count, const char *sequence, int others, const char *key,
                         config *options) {
    int convolutions = count_convolutions(tensors, count, sequence);
    if (convolutions < others)
        return status_fail(STATUS_INPUT, "decos.0.%s has %d convolutions, expected at least %d", sequence, convolutions,
                           others);
    return set(options, key, convolutions - others);
}

status rpcanet_plus_infer(const named_shape *tensors, int count, config *options) {
    int BC = 0, TC = 0, hidden = 0;
    TRY(channels_of(tensors, count, "lowrank.convs.0", &BC));
    TRY(channels_of(tensors, count, "merge.mapping.0", &TC));
    TRY(channels_of(tensors, count, "merge.channel_attention.excitation.0", &hidden));
    TRY(set(options, "model.stages", count_stages(tensors, count)));
    TRY(set(options, "model.bottleneck_channels", BC));
    TRY(set(options, "model.total_channels", TC));
    TRY(set_layers(tensors, count, "lowrank.convs", 2, "model.background_layers", options));
    TRY(set_layers(tensors, count, "sparse.convs", 2, "model.target_layers", options));
    TRY(set_layers(tensors, count, "residual.convs", 2, "model.noise_layers", options));
    TRY(set_layers(tensors, count, "merge.mapping", 1, "model.reconstruction_layers", options));
    TRY(set(options, "model.se_reduction", TC >= hidden ? TC / hidden : 1));
    /* The published networks restart N at 0 in every stage: carried, their scores on real images collapse. */
    return config_set(options, "model.carry_noise", "false", "its tensors");
}
