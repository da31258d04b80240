/* The losses that networks train by, recorded on the tape.
 *
 * Thread rule: one thread records on a tape. */
#ifndef IRST_MODULES_LOSS_H
#define IRST_MODULES_LOSS_H

#include "core/config/config.h"
#include "modules/detector.h"
#include "modules/loss_spec.h"
#include "modules/network.h"
#include "modules/network_outputs.h"

/* The terms of a loss: the same names in every phase, NULL for a part that this one lacks. */
typedef struct loss_nodes {
    node *total;
    int part_count;
    const char *part_names[DETECTOR_LOSS_PARTS];
    node *parts[DETECTOR_LOSS_PARTS];
} loss_nodes;

/* Adds a part, without a share in the total; NULL: one that this phase lacks. Asserts that there is room. */
void loss_add_part(loss_nodes *loss, const char *name, node *part);

/* soft-IoU of the logits + eta * mean squared error of the reconstruction (Wu et al., 2024). */
void loss_soft_iou_fidelity(const config *options, network *net, const network_outputs *outputs, node *image,
                            node *mask, double eta, loss_nodes *out);

/* The terms of `spec` on the logits; with deep > 0 also deep times the sum of its mask terms on the other stages' T or
 * the other heads, the part "deep" (NULL in a phase without others). A coarser head meets the mask's maxima. The names
 * of the parts are those in `spec`, which must outlive `out`. STATUS_USAGE: the network lacks what the terms need. */
status loss_of_terms(const loss_spec *spec, double deep, network *net, const network_outputs *outputs, node *image,
                     node *mask, loss_nodes *out);

#endif
