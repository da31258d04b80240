"""UIU-Net under PyTorch: a U-net whose every block is a small residual U-net, and its seven cross-entropies."""
import torch
from torch import nn
from torch.nn import functional as F


def conv_norm_relu(cin, cout, kernel=3, dilation=1):
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, padding=kernel // 2 * dilation, dilation=dilation),
                         nn.BatchNorm2d(cout), nn.ReLU(True))


def resize_like(x, partner):
    if x.shape[2:] == partner.shape[2:]:
        return x
    return F.interpolate(x, size=partner.shape[2:], mode="bilinear", align_corners=False)


def pool(x):
    return F.max_pool2d(x, 2, ceil_mode=True)


class ResidualU(nn.Module):
    """`depth` levels, the last of them the bottom; where flat, dilations 1, 2, 4, ... stand in for the pooling."""

    def __init__(self, depth, cin, middle, cout, flat=False):
        super().__init__()
        dilations = [2**i if flat else 1 for i in range(depth - 1)]
        self.flat = flat
        self.first = conv_norm_relu(cin, cout)
        self.encoder = nn.ModuleList(conv_norm_relu(middle if i else cout, middle, dilation=d)
                                     for i, d in enumerate(dilations))
        self.bottom = conv_norm_relu(middle, middle, dilation=2 * dilations[-1])
        self.decoder = nn.ModuleList(conv_norm_relu(2 * middle, middle if i else cout, dilation=d)
                                     for i, d in enumerate(dilations))

    def forward(self, x):
        first = y = self.first(x)
        skips = []
        for i, encode in enumerate(self.encoder):
            y = encode(y if i == 0 or self.flat else pool(y))
            skips.append(y)
        y = self.bottom(y)
        for skip, decode in zip(reversed(skips), reversed(self.decoder)):
            y = decode(torch.cat([resize_like(y, skip), skip], 1))
        return y + first


class Fusion(nn.Module):
    """Two results side by side: the low map weighted by what the high one sees as a whole, and the other way round."""

    def __init__(self, channels):
        super().__init__()
        self.high = conv_norm_relu(channels, channels, 1)
        self.down = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv_norm_relu(channels, channels // 4, 1),
                                  nn.Conv2d(channels // 4, channels, 1), nn.BatchNorm2d(channels), nn.Sigmoid())
        self.up = conv_norm_relu(channels, channels // 4, 1)
        self.spatial = nn.Conv2d(2, 1, 3, padding=1, bias=False)
        self.after = conv_norm_relu(channels, channels)

    def forward(self, high, low):
        high = self.high(high)
        low = low * self.down(high)
        narrow = self.up(low)
        mean_and_largest = torch.cat([narrow.mean(1, keepdim=True), narrow.amax(1, keepdim=True)], 1)
        high = high * torch.sigmoid(self.spatial(mean_and_largest))
        return torch.cat([self.after(2 * low), self.after(2 * high)], 1)


class UIUNet(nn.Module):
    """Returns the logits d0 to d6: that of all six sides together, then the sides, finest first."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.ModuleList([
            ResidualU(7, 3, 32, 64), ResidualU(6, 64, 32, 128), ResidualU(5, 128, 64, 256), ResidualU(4, 256, 128, 512),
            ResidualU(4, 512, 256, 512, flat=True), ResidualU(4, 512, 256, 512, flat=True)])
        self.decoder = nn.ModuleList([
            ResidualU(7, 128, 16, 64), ResidualU(6, 256, 32, 64), ResidualU(5, 512, 64, 128),
            ResidualU(4, 1024, 128, 256), ResidualU(4, 1024, 256, 512, flat=True)])
        self.fusions = nn.ModuleList(Fusion(channels) for channels in (128, 256, 512, 512))
        self.sides = nn.ModuleList(nn.Conv2d(channels, 1, 3, padding=1) for channels in (64, 64, 128, 256, 512, 512))
        self.final = nn.Conv2d(len(self.sides), 1, 1)

    def join(self, level, high, low):
        """Only the finest level does without a fusion."""
        high = resize_like(high, low)
        return torch.cat([high, low], 1) if level == 0 else self.fusions[level - 1](high, low)

    def forward(self, x):
        skips = []
        for i, encode in enumerate(self.encoder):
            x = encode(pool(x) if i else x)
            skips.append(x)
        results = [skips.pop()]
        for level in reversed(range(len(self.decoder))):
            results.insert(0, self.decoder[level](self.join(level, results[0], skips[level])))
        sides = [resize_like(side(y), results[0]) for side, y in zip(self.sides, results)]
        return self.final(torch.cat(sides, 1)), *sides


# --- training ---

def loss(outputs, mask):
    return sum(F.binary_cross_entropy_with_logits(logit, mask) for logit in outputs)


def optimizer(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)
