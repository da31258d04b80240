#include "modules/detector_type.h"

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
