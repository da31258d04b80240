"""DRPCA-Net under PyTorch: unrolled robust PCA whose steps are made from the image by small hypernetworks, and whose
reconstruction is a group of residual blocks with attention."""
import torch
from torch import nn
from torch.nn import functional as F

from .unrolled import chain, conv, loss_parts, optimizer, start_weights  # noqa: F401 (optimizer is the caller's)

CHANNELS = 32


class Generator(nn.Module):
    """One number in (0, 1) for each image."""

    def __init__(self):
        super().__init__()
        self.generator = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(1, 3, 1), nn.ReLU(True), conv(3, 1, 1),
                                       nn.Sigmoid())

    def forward(self, x):
        return self.generator(x)


class Background(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = chain(CHANNELS, 3, norm=True)

    def forward(self, image, targets):
        x = image - targets
        return x + self.convs(x)


class Target(nn.Module):
    def __init__(self):
        super().__init__()
        self.gamma_generator, self.epsilon_generator = Generator(), Generator()
        self.convs = chain(CHANNELS, 6, norm=False)

    def forward(self, image, background, targets):
        gamma = self.gamma_generator(targets)
        x = gamma * targets + (1 - gamma) * (image - background)
        return x - self.epsilon_generator(x) * self.convs(x)


class ChannelAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(conv(CHANNELS, CHANNELS // 16, 1), nn.ReLU(True), conv(CHANNELS // 16, CHANNELS, 1))

    def forward(self, x):
        return x * torch.sigmoid(self.fc(F.adaptive_avg_pool2d(x, 1)) + self.fc(F.adaptive_max_pool2d(x, 1)))


class SpatialAttention(nn.Module):
    """By a 3x3 kernel that is made for each image."""

    def __init__(self):
        super().__init__()
        self.kernel_generator = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(CHANNELS, CHANNELS, 1), nn.ReLU(True),
                                              conv(CHANNELS, 9, 1))

    def forward(self, x):
        kernels = self.kernel_generator(x).view(-1, 1, 3, 3)
        means = x.mean(1).unsqueeze(0)  # the images side by side, as channels that do not mix
        return x * torch.sigmoid(F.conv2d(means, kernels, padding=1, groups=x.shape[0])).transpose(0, 1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(CHANNELS, CHANNELS), nn.BatchNorm2d(CHANNELS), nn.LeakyReLU(0.2, True),
            conv(CHANNELS, CHANNELS), nn.BatchNorm2d(CHANNELS), ChannelAttention(), SpatialAttention())

    def forward(self, x):
        return self.body(x) + x


class Group(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.body = nn.Sequential(*(Block() for _ in range(blocks)), conv(CHANNELS, CHANNELS))

    def forward(self, x):
        return self.body(x) + x


class Reconstruction(nn.Module):
    def __init__(self):
        super().__init__()
        self.mapping = nn.Sequential(conv(1, CHANNELS, 1), nn.BatchNorm2d(CHANNELS), nn.LeakyReLU(0.2, True), Group(5),
                                     conv(CHANNELS, 1, 1))

    def forward(self, background, targets):
        return self.mapping(background + targets)


class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.lowrank, self.sparse, self.merge = Background(), Target(), Reconstruction()

    def forward(self, image, targets):
        background = self.lowrank(image, targets)
        targets = self.sparse(image, background, targets)
        return self.merge(background, targets), targets


class DRPCANet(nn.Module):
    """Returns the logits, the reconstructed image and the image."""

    def __init__(self, stages=6):
        super().__init__()
        self.decos = nn.ModuleList(Stage() for _ in range(stages))
        start_weights(self)

    def forward(self, image):
        rebuilt, targets = image, torch.zeros_like(image)
        for stage in self.decos:
            rebuilt, targets = stage(rebuilt, targets)
        return targets, rebuilt, image


def loss(outputs, mask):
    iou, fidelity = loss_parts(outputs, mask)
    return iou + 0.1 * fidelity
