"""MSHNet under PyTorch: a U-net of residual attention blocks with a head at each of four scales, and its SLS loss."""
import math

import torch
from torch import nn
from torch.nn import functional as F

CHANNELS = (16, 32, 64, 128, 256)
SCALES = 4  # with a head each; the fifth is the bottom


class ChannelAttention(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.shared = nn.Sequential(nn.Conv2d(channels, channels // reduction, 1, bias=False), nn.ReLU(True),
                                    nn.Conv2d(channels // reduction, channels, 1, bias=False))

    def forward(self, x):
        gate = self.shared(F.adaptive_avg_pool2d(x, 1)) + self.shared(F.adaptive_max_pool2d(x, 1))
        return x * torch.sigmoid(gate)


class SpatialAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x):
        mean_and_largest = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.conv(mean_and_largest))


class Block(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(True),
            nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), ChannelAttention(cout), SpatialAttention())
        self.shortcut = nn.Identity()
        if cin != cout:
            self.shortcut = nn.Sequential(nn.Conv2d(cin, cout, 1), nn.BatchNorm2d(cout))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x), inplace=True)


def blocks(cin, cout, count):
    return nn.Sequential(Block(cin, cout), *(Block(cout, cout) for _ in range(count - 1)))


def enlarge(x, factor):
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=True) if factor > 1 else x


class MSHNet(nn.Module):
    """Returns the final logits and those of the four heads, finest first."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, CHANNELS[0], 1)
        before = (CHANNELS[0], *CHANNELS)
        self.encoder = nn.ModuleList(blocks(before[i], c, 1 if i == 0 else 2) for i, c in enumerate(CHANNELS))
        self.decoder = nn.ModuleList(blocks(CHANNELS[i] + CHANNELS[i + 1], CHANNELS[i], 1 if i == 0 else 2)
                                     for i in range(SCALES))
        self.heads = nn.ModuleList(nn.Conv2d(CHANNELS[i], 1, 1) for i in range(SCALES))
        self.final = nn.Conv2d(SCALES, 1, 3, padding=1)

    def forward(self, x):
        x = self.encoder[0](self.first(x))
        skips = []
        for encode in self.encoder[1:]:
            skips.append(x)
            x = encode(F.max_pool2d(x, 2))
        logits = [None] * SCALES
        for i in reversed(range(SCALES)):
            x = self.decoder[i](torch.cat([skips[i], enlarge(x, 2)], 1))
            logits[i] = self.heads[i](x)
        final = self.final(torch.cat([enlarge(m, 2**i) for i, m in enumerate(logits)], 1))
        return final, *logits


# --- training ---

def image_sum(x):
    return x.sum((1, 2, 3))


def centre(p):
    """First moments over the number of pixels, as angle and distance from the corner."""
    height, width = p.shape[2:]
    x = (p * (torch.arange(width) / width)).mean((1, 2, 3))
    y = (p * (torch.arange(height) / height)[:, None]).mean((1, 2, 3))
    return torch.atan(y / (x + 1e-8)), torch.sqrt(x**2 + y**2 + 1e-8)


def sls_loss(logit, mask):
    """Scale and location sensitive loss of one head."""
    p = torch.sigmoid(logit)
    both, predicted, true = image_sum(p * mask), image_sum(p), image_sum(mask)
    iou = both / (predicted + true - both)
    variance = ((predicted - true) / 2)**2
    weight = (torch.minimum(predicted, true) + variance) / (torch.maximum(predicted, true) + variance)
    (angle_p, r_p), (angle_t, r_t) = centre(p), centre(mask)
    length = torch.minimum(r_p, r_t) / (torch.maximum(r_p, r_t) + 1e-8)
    location = 1 - length + 4 / math.pi**2 * (angle_p - angle_t)**2
    return 1 - (weight * iou).mean() + location.mean()


def loss(outputs, mask):
    final, *logits = outputs
    total = sls_loss(final, mask)
    for i, logit in enumerate(logits):
        total = total + sls_loss(logit, F.max_pool2d(mask, 2**i))
    return total / (1 + SCALES)


def optimizer(parameters):
    return torch.optim.Adagrad(parameters, lr=0.05)
