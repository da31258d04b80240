/* The named results of a recorded network, which its builder adds one by one. The room is fixed: whoever adds more than
 * it holds is stopped by an assertion.
 *
 * Thread rule: one thread adds to a network_outputs. */
#ifndef IRST_MODULES_NETWORK_OUTPUTS_H
#define IRST_MODULES_NETWORK_OUTPUTS_H

#include "autograd/ops.h"
#include "modules/layer_name.h"

#include <stdbool.h>

/* The most stages and heads of a network, and the maps of a stage: B, T, N and D. */
enum { NETWORK_STAGES = 32, STAGE_MAPS = 4, NETWORK_HEADS = 8 };

/* The last layer of a logit map: logit = sign * factor * (its bias + its weights times its inputs) + other things. */
typedef struct prior_site {
    layer_name layer;  /* a convolution to one map */
    layer_name factor; /* of a parameter of one number; "": none, a factor of 1 */
    double sign;       /* 1 or -1 */
    bool is_generated; /* the factor is the sigmoid of that parameter and of what depends on the image */
    bool fuses_heads;  /* its inputs are logits that have the prior themselves */
} prior_site;

typedef struct network_outputs {
    node *logit;          /* N x 1 x H x W */
    node *reconstruction; /* NULL if the method has none */
    int head_count;       /* logits of deep supervision, at the size of the image unless the method says otherwise */
    node *heads[NETWORK_HEADS];
    const char *head_names[NETWORK_HEADS];
    int target_count; /* T of each stage of an unrolled network: logits, the last of them the result */
    node *targets[NETWORK_STAGES];
    int prior_count; /* the last layers of logit and heads, see detector_set_prior */
    prior_site priors[NETWORK_HEADS];
    int map_count; /* intermediate maps worth a look: "stage1/B" */
    node *maps[NETWORK_STAGES * STAGE_MAPS];
    char map_names[NETWORK_STAGES * STAGE_MAPS][16];
} network_outputs;

/* STATUS_USAGE unless there is a logit map, and it, the reconstruction and the maps are of one channel and of the sides
 * of `image`: for a network that is recorded without failure. */
status network_check_outputs(const network_outputs *out, const node *image);

/* Names the maps of one stage; NULL for those that the method does not have. */
void network_add_stage(network_outputs *out, int stage, node *B, node *T, node *N, node *D);

void network_add_head(network_outputs *out, const char *name, node *logit);

/* Says which layer a logit map ends with; of an unrolled network, T = x - factor * layer; of one that fuses its heads.
 */
void network_add_prior(network_outputs *out, const char *layer);
void network_add_unrolled_prior(network_outputs *out, const char *layer, const char *factor);
/* The same where a hypernetwork makes the factor by a sigmoid; `bias` is that of its last layer. The prior is then met
 * on images for which the rest of what the sigmoid sees is 0, and on others nearly. */
void network_add_generated_prior(network_outputs *out, const char *layer, const char *bias);
void network_add_fused_prior(network_outputs *out, const char *layer);

#endif
