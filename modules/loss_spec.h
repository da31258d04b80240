/* A loss written as a weighted sum of terms:
 *
 *     dice2:batch + 0.01 mse
 *     soft_iou + 0.5 bce + 0.01 mse
 *
 * A term is [WEIGHT] NAME[:image|:batch]: a loss of the logits against the mask (autograd/losses/mask_losses.def), of
 * each image unless it says batch; or mse, the fidelity of the reconstruction to the image, where either pooling
 * is the same.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_MODULES_LOSS_SPEC_H
#define IRST_MODULES_LOSS_SPEC_H

#include "autograd/losses/mask_loss.h"
#include "core/base/status.h"

enum { LOSS_SPEC_TERMS = 8, LOSS_SPEC_NAME = 32 };

typedef struct loss_spec_term {
    double weight;              /* above 0 */
    const mask_loss_term *loss; /* NULL: mse */
    mask_pooling pooling;
    char name[LOSS_SPEC_NAME]; /* as in logs: "dice2_batch", "soft_iou_image", "mse" */
} loss_spec_term;

typedef struct loss_spec {
    int count;
    loss_spec_term terms[LOSS_SPEC_TERMS];
} loss_spec;

/* Reads a text of 1 to LOSS_SPEC_TERMS different terms. What is wrong is STATUS_USAGE; the message begins with `key`,
 * which names where the text stands, and lists the terms. */
status loss_spec_parse(const char *text, const char *key, loss_spec *out);

#endif
