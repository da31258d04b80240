/* What a method implements to join the registry; programs never see this. */
#ifndef IRST_MODULES_DETECTOR_TYPE_H
#define IRST_MODULES_DETECTOR_TYPE_H

#include "core/base/workspace.h"
#include "core/config/config.h"
#include "modules/detector.h"
#include "modules/input.h"
#include "modules/layer_name.h"
#include "modules/loss_spec.h"
#include "modules/network.h"
#include "modules/networks/infer_options.h"
#include "modules/padding.h"

enum { NETWORK_STAGES = 32, STAGE_MAPS = 4, NETWORK_HEADS = 8 };

/* The last layer of a logit map: logit = sign * factor * (its bias + its weights times its inputs) + other things. */
typedef struct prior_site {
    layer_name layer;  /* a convolution to one map */
    layer_name factor; /* of a parameter of one number; "": none, a factor of 1 */
    double sign;       /* 1 or -1 */
    bool is_generated; /* the factor is the sigmoid of that parameter and of what depends on the image */
    bool fuses_heads;  /* its inputs are logits that have the prior themselves */
} prior_site;

/* The named results of a recorded network. */
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

/* The terms of a loss, recorded on the tape: the same names in every phase, NULL for a part that this one lacks. */
typedef struct loss_nodes {
    node *total;
    int part_count;
    const char *part_names[DETECTOR_LOSS_PARTS];
    node *parts[DETECTOR_LOSS_PARTS];
} loss_nodes;

/* soft-IoU of the logits + eta * mean squared error of the reconstruction (Wu et al., 2024). */
void loss_soft_iou_fidelity(const config *options, network *net, const network_outputs *outputs, node *image,
                            node *mask, double eta, loss_nodes *out);

/* The terms of `spec` on the logits; with deep > 0 also deep times the sum of its mask terms on the other stages' T or
 * the other heads, the part "deep" (NULL in a phase without others). A coarser head meets the mask's maxima. The names
 * of the parts are those in `spec`, which must outlive `out`. STATUS_USAGE: the network lacks what the terms need. */
status loss_of_terms(const loss_spec *spec, double deep, network *net, const network_outputs *outputs, node *image,
                     node *mask, loss_nodes *out);

/* What a model-driven method sees: grey values 0..255, row-major; integers where the image has 8 bits. */
typedef struct grey_map {
    int width, height;
    const double *grey;
} grey_map;

/* How an iterative method ended. Zero for the others. */
typedef struct solver_report {
    int iterations, rank;
    int64_t nonzero;            /* entries of the target part */
    double lambda, mu, measure; /* mu in, and measure of convergence after, the last iteration */
    /* ||D - B - T||_F / ||D||_F after each of the first iterations, of methods whose iterations end by it. */
    int residual_count;
    double residuals[DETECTOR_RESIDUALS];
} solver_report;

/* The next one of the residuals, as long as there is room. */
void solver_report_residual(solver_report *report, double residual);

typedef struct detector_type {
    const char *name;
    const char *title;
    const config_key *options; /* model.* keys */
    int option_count;
    score_kind score;
    /* How a network wants the grey image; NULL: as it is. */
    input_format (*input)(const config *options);
    /* A network records itself, on the leaf `image` of that format, and its loss. A failed builder shows up in
     * tape_plan. */
    void (*build)(const config *options, network *net, node *image, network_outputs *out);
    void (*loss)(const config *options, network *net, const network_outputs *outputs, node *image, node *mask,
                 double eta, loss_nodes *out);
    /* Networks that train in phases, which build and loss tell apart by network.phase: the phase of an epoch (from 0),
     * rising. NULL: always 0. */
    int (*phase)(const config *options, int64_t epoch);
    side_rule sides; /* that its maps can be made of; images of others are padded, see padding.h */
    /* Prefixes of parameter names, NULL-terminated, in the order of the reference's state_dict; NULL: as recorded. */
    const char *const *parameter_order;
    /* A model-driven method scores one image. `check` (may be NULL) refuses options that exclude each other; `work` is
     * its memory from call to call; `report` arrives zeroed; the score is finite. */
    status (*check)(const config *options);
    status (*score_image)(engine *e, const config *options, const grey_map *image, workspace *work, float *score,
                          solver_report *report);
    /* Recognising a foreign checkpoint, see infer_options.h. */
    bool (*recognises)(const named_shape *tensors, int count);
    status (*infer)(const named_shape *tensors, int count, config *options);
    /* Prefixes of tensors that published checkpoints hold and nothing reads, NULL-terminated; NULL: none. */
    const char *const *unused_tensors;
} detector_type;

input_format detector_type_input(const detector_type *type, const config *options);

/* The registry (registry.c). */
extern const detector_type *const detector_types[];
extern const int detector_type_count;
const detector_type *detector_type_find(const char *name); /* NULL and a STATUS_USAGE message if unknown */

#endif
