#include "modules/network_outputs.h"

#include <assert.h>
#include <stdio.h>

static status check_map(const char *name, const node *map, const node *image) {
    const tensor *m = &map->value, *x = &image->value;
    if (m->n == x->n && m->c == 1 && m->h == x->h && m->w == x->w)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s: %dx%dx%dx%d for an image of %dx%d pixels, expected one map of its size", name,
                       m->n, m->c, m->h, m->w, x->h, x->w);
}

status network_check_outputs(const network_outputs *out, const node *image) {
    if (!out->logit)
        return status_fail(STATUS_USAGE, "no logit map is recorded");
    TRY(check_map("logit", out->logit, image));
    if (out->reconstruction)
        TRY(check_map("reconstruction", out->reconstruction, image));
    for (int i = 0; i < out->map_count; i++)
        TRY(check_map(out->map_names[i], out->maps[i], image));
    return STATUS_OK;
}

void network_add_stage(network_outputs *out, int stage, node *B, node *T, node *N, node *D) {
    assert(out->target_count < NETWORK_STAGES && "more stages than a network may have");
    node *const nodes[STAGE_MAPS] = {B, T, N, D};
    for (int i = 0; i < STAGE_MAPS; i++) {
        if (!nodes[i])
            continue;
        snprintf(out->map_names[out->map_count], sizeof out->map_names[0], "stage%d/%c", stage, "BTND"[i]);
        out->maps[out->map_count++] = nodes[i];
    }
    out->targets[out->target_count++] = T;
}

void network_add_head(network_outputs *out, const char *name, node *logit) {
    assert(out->head_count < NETWORK_HEADS && "more heads than a network may have");
    out->head_names[out->head_count] = name;
    out->heads[out->head_count++] = logit;
}

static void add_prior(network_outputs *out, const prior_site *site) {
    assert(out->prior_count < NETWORK_HEADS && "more priors than a network may have heads");
    out->priors[out->prior_count++] = *site;
}

void network_add_prior(network_outputs *out, const char *layer) {
    add_prior(out, &(prior_site){.layer = layer_named("%s", layer), .sign = 1});
}

void network_add_unrolled_prior(network_outputs *out, const char *layer, const char *factor) {
    add_prior(out, &(prior_site){.layer = layer_named("%s", layer), .factor = layer_named("%s", factor), .sign = -1});
}

void network_add_generated_prior(network_outputs *out, const char *layer, const char *bias) {
    network_add_unrolled_prior(out, layer, bias);
    out->priors[out->prior_count - 1].is_generated = true;
}

void network_add_fused_prior(network_outputs *out, const char *layer) {
    network_add_prior(out, layer);
    out->priors[out->prior_count - 1].fuses_heads = true;
}
