/* RPCANet+ from the tensors of a published checkpoint. */
#include "modules/networks/rpcanet_plus.h"
#include "modules/networks/unrolled_tensors.h"

#include <string.h>

/* RPCANet has stages of the same name, but neither noise module nor channel attention. */
bool rpcanet_plus_recognises(const named_shape *tensors, int count) {
    for (int i = 0; i < count; i++) {
        const char *rest;
        if (unrolled_stage_of(tensors[i].name, &rest) >= 0 &&
            (!strncmp(rest, "residual.", 9) || strstr(rest, ".channel_attention.") != NULL))
            return true;
    }
    return false;
}

/* hidden = TC / reduction, rounded down but at least 1: of the reductions that leave as many, the usual one is meant.
 */
static int reduction_of(int TC, int hidden, int usual) {
    bool is_usual = hidden == (TC >= usual ? TC / usual : 1);
    return is_usual ? usual : TC >= hidden ? TC / hidden : 1;
}

status rpcanet_plus_options_from_tensors(const named_shape *tensors, int count, config *options) {
    int BC = 0, TC = 0, hidden = 0;
    TRY(unrolled_channels_of(tensors, count, "lowrank.convs.0", &BC));
    TRY(unrolled_channels_of(tensors, count, "merge.mapping.0", &TC));
    TRY(unrolled_channels_of(tensors, count, "merge.channel_attention.excitation.0", &hidden));
    TRY(unrolled_stages_from_tensors(tensors, count, options));
    TRY(unrolled_set(options, "model.bottleneck_channels", BC));
    TRY(unrolled_set(options, "model.total_channels", TC));
    TRY(unrolled_layers_from_tensors(tensors, count, "lowrank.convs", 2, "model.background_layers", options));
    TRY(unrolled_layers_from_tensors(tensors, count, "sparse.convs", 2, "model.target_layers", options));
    TRY(unrolled_layers_from_tensors(tensors, count, "residual.convs", 2, "model.noise_layers", options));
    TRY(unrolled_layers_from_tensors(tensors, count, "merge.mapping", 1, "model.reconstruction_layers", options));
    /* model.carry_noise, which nothing tells, is off by default, as the published networks need it: carried, N makes
     * their scores on real images collapse. */
    return unrolled_set(options, "model.se_reduction",
                        reduction_of(TC, hidden, (int)config_int(options, "model.se_reduction")));
}
