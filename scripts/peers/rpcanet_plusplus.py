"""RPCANet++ under PyTorch: unrolled robust PCA whose background is remembered from stage to stage by a convolutional
LSTM, and whose targets stand out by contrast."""
import torch
from torch import nn
from torch.nn import functional as F

from .unrolled import chain, conv, loss_parts, optimizer, start_weights  # noqa: F401 (optimizer is the caller's)

CHANNELS = 32
WINDOW = 17  # of the contrast


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = conv(CHANNELS, CHANNELS), conv(CHANNELS, CHANNELS)

    def forward(self, x):
        return self.conv2(F.relu(self.conv1(x))) + x


class Memory(nn.Module):
    """The first stage has nothing to forget: it has no gate f, and no layers for the state that there is not yet."""

    def __init__(self, first):
        super().__init__()
        for gate in "ijo" if first else "ijfo":
            self.add_module(f"conv_x{gate}", conv(CHANNELS, CHANNELS))
            if not first:
                self.add_module(f"conv_h{gate}", conv(CHANNELS, CHANNELS))

    def seen(self, gate, x, h):
        y = getattr(self, f"conv_x{gate}")(x)
        return y if h is None else y + getattr(self, f"conv_h{gate}")(h)

    def forward(self, x, state):
        h, c = state
        news = torch.sigmoid(self.seen("i", x, h)) * torch.tanh(self.seen("j", x, h))
        if c is None:
            return torch.sigmoid(self.seen("o", x, h)) * news, news
        c = torch.sigmoid(self.seen("f", x, h)) * c + news
        return torch.sigmoid(self.seen("o", x, h)) * torch.tanh(c), c


class Background(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.conv1_C = nn.Sequential(conv(1, CHANNELS), nn.BatchNorm2d(CHANNELS), nn.ReLU(True))
        self.RB_1 = Residual()
        self.ConvLSTM = Memory(first)
        self.RB_2 = Residual()
        self.convC_1 = conv(CHANNELS, 1)

    def forward(self, image, targets, state):
        x = image - targets
        state = self.ConvLSTM(self.RB_1(self.conv1_C(x)), state)
        return x + self.convC_1(self.RB_2(state[0])), state


class Gates(nn.Module):
    def __init__(self):
        super().__init__()
        hidden = CHANNELS // 4
        self.avg_channel = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), conv(CHANNELS, hidden, 1), nn.BatchNorm2d(hidden), nn.ReLU(True),
            conv(hidden, CHANNELS, 1), nn.BatchNorm2d(CHANNELS), nn.Sigmoid())

    def forward(self, x):
        return self.avg_channel(x)


class Contrast(nn.Module):
    """What a window would give if it were all as its middle, weighted channel by channel, without what it gives."""

    def __init__(self):
        super().__init__()
        self.conv = conv(CHANNELS, CHANNELS, WINDOW, bias=False)
        self.attn = Gates()

    def forward(self, x):
        flat = F.conv2d(x, self.conv.weight.sum((2, 3), keepdim=True))
        return self.attn(x) * flat - self.conv(x)


class Target(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.epsilon = nn.Parameter(torch.tensor([0.01]))
        self.contrast = nn.Sequential(conv(1, CHANNELS), nn.ReLU(True), Contrast(), nn.BatchNorm2d(CHANNELS),
                                      nn.LeakyReLU(0.1, True), conv(CHANNELS, 1))
        self.convs = chain(CHANNELS, layers, norm=False)

    def forward(self, image, background, targets):
        x = targets + image - background
        return x - self.epsilon * self.convs(x + self.contrast(x))


class Reconstruction(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.mapping = chain(CHANNELS, layers, norm=True)

    def forward(self, background, targets):
        return self.mapping(background + targets)


class Stage(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.lowrank, self.sparse, self.merge = Background(first), Target(6), Reconstruction(3)

    def forward(self, image, targets, state):
        background, state = self.lowrank(image, targets, state)
        targets = self.sparse(image, background, targets)
        return self.merge(background, targets), targets, state


class RPCANetPlusPlus(nn.Module):
    """Returns the logits, the reconstructed image and the image."""

    def __init__(self, stages=3):
        super().__init__()
        self.decos = nn.ModuleList(Stage(k == 0) for k in range(stages))
        start_weights(self)

    def forward(self, image):
        rebuilt, targets, state = image, torch.zeros_like(image), (None, None)
        for stage in self.decos:
            rebuilt, targets, state = stage(rebuilt, targets, state)
        return targets, rebuilt, image


def loss(outputs, mask):
    iou, fidelity = loss_parts(outputs, mask)
    return iou + 0.01 * fidelity
