#include "modules/loss.h"

#include <assert.h>

void loss_soft_iou_fidelity(const config *options, network *net, const network_outputs *outputs, node *image,
                            node *mask, double eta, loss_nodes *out) {
    (void)options;
    node *iou = mask_loss(net->t, outputs->logit, mask, &loss_soft_iou, POOL_IMAGE);
    node *fidelity = mse(net->t, outputs->reconstruction, image);
    *out = (loss_nodes){
        .total = add_weighted(net->t, iou, 1, fidelity, (float)eta),
        .part_count = 2,
        .part_names = {"soft_iou", "fidelity"},
        .parts = {iou, fidelity},
    };
}

/* sum + weight * term; sum may be NULL: the first of its terms. */
static node *add_term(tape *t, node *sum, double weight, node *term) {
    return sum ? add_weighted(t, sum, 1, term, (float)weight) : add_weighted(t, term, (float)weight, term, 0);
}

static node *add_mask_terms(const loss_spec *spec, tape *t, node *sum, node *logit, node *mask) {
    for (int i = 0; i < spec->count; i++) {
        const loss_spec_term *term = &spec->terms[i];
        if (term->loss)
            sum = add_term(t, sum, term->weight, mask_loss(t, logit, mask, term->loss, term->pooling));
    }
    return sum;
}

/* The mask at the size of a coarser map: a pixel there is a target if any of its pixels is. */
static node *mask_for(tape *t, node *mask, const node *logit) {
    bool same = !logit || (logit->value.h == mask->value.h && logit->value.w == mask->value.w);
    return same ? mask : adaptive_max_pool(t, mask, logit->value.h, logit->value.w);
}

/* The mask terms of all logits besides the prediction itself; NULL if there are none. */
static node *deep_terms(const loss_spec *spec, tape *t, const network_outputs *outputs, node *mask) {
    node *sum = NULL;
    for (int i = 0; i < outputs->target_count; i++)
        if (outputs->targets[i] != outputs->logit)
            sum = add_mask_terms(spec, t, sum, outputs->targets[i], mask);
    for (int i = 0; i < outputs->head_count; i++)
        if (outputs->heads[i] != outputs->logit)
            sum = add_mask_terms(spec, t, sum, outputs->heads[i], mask_for(t, mask, outputs->heads[i]));
    return sum;
}

static status check_outputs(const loss_spec *spec, double deep, const network_outputs *outputs) {
    bool has_mse = false, has_mask_term = false;
    for (int i = 0; i < spec->count; i++) {
        has_mse |= !spec->terms[i].loss;
        has_mask_term |= spec->terms[i].loss != NULL;
    }
    if (has_mse && !outputs->reconstruction)
        return status_fail(STATUS_USAGE, "the loss has mse, but the network reconstructs no image");
    if (deep > 0 && !has_mask_term)
        return status_fail(STATUS_USAGE, "deep supervision, but no term of the loss compares with the mask");
    if (deep > 0 && outputs->target_count + outputs->head_count == 0)
        return status_fail(STATUS_USAGE, "deep supervision, but the network has neither stages nor several heads");
    return STATUS_OK;
}

void loss_add_part(loss_nodes *loss, const char *name, node *part) {
    assert(loss->part_count < DETECTOR_LOSS_PARTS && "more parts than a loss may have");
    loss->part_names[loss->part_count] = name;
    loss->parts[loss->part_count++] = part;
}

status loss_of_terms(const loss_spec *spec, double deep, network *net, const network_outputs *outputs, node *image,
                     node *mask, loss_nodes *out) {
    *out = (loss_nodes){0};
    if (!outputs->logit)
        return STATUS_OK; /* tape_plan says why */
    TRY(check_outputs(spec, deep, outputs));
    for (int i = 0; i < spec->count; i++) {
        const loss_spec_term *term = &spec->terms[i];
        node *part = term->loss ? mask_loss(net->t, outputs->logit, mask, term->loss, term->pooling)
                                : mse(net->t, outputs->reconstruction, image);
        loss_add_part(out, term->name, part);
        out->total = add_term(net->t, out->total, term->weight, part);
    }
    if (deep > 0) {
        node *sum = deep_terms(spec, net->t, outputs, mask);
        loss_add_part(out, "deep", sum);
        if (sum)
            out->total = add_term(net->t, out->total, deep, sum);
    }
    return STATUS_OK;
}
