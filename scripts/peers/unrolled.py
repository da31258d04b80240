"""What the peers of unrolled robust PCA share. Their layers bear the names of the published checkpoints, which the
golden files go by (make_network_golden.py)."""
import torch
from torch import nn
from torch.nn import functional as F


def conv(cin, cout, kernel=3, bias=True):
    return nn.Conv2d(cin, cout, kernel, padding=kernel // 2, bias=bias)


def chain(channels, layers, norm):
    """1 -> channels, `layers` times channels -> channels, channels -> 1."""
    parts, cin = [], 1
    for _ in range(layers + 1):
        parts += [conv(cin, channels)] + ([nn.BatchNorm2d(channels)] if norm else []) + [nn.ReLU(True)]
        cin = channels
    return nn.Sequential(*parts, conv(channels, 1))


def start_weights(net):
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_normal_(module.weight)


# --- training ---

def image_sum(x):
    return x.sum((1, 2, 3))


def loss_parts(outputs, mask):
    """Soft IoU of the logits, and what the reconstruction is off by."""
    logits, rebuilt, image = outputs
    p = torch.sigmoid(logits)
    both = image_sum(p * mask)
    iou = (both + 1) / (image_sum(p) + image_sum(mask) - both + 1)
    return 1 - iou.mean(), F.mse_loss(rebuilt, image)


def optimizer(parameters):
    return torch.optim.Adam(parameters, lr=1e-4)
