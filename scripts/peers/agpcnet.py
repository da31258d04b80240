"""AGPCNet under PyTorch: ResNet-18 without its first reductions, a context pyramid of non-local blocks on patches, and
a decoder with asymmetric fusion; it trains on the soft IoU."""
import torch
from torch import nn
from torch.nn import functional as F

SCALES = (10, 6, 5, 3)  # patches per side in the blocks of the context pyramid
WIDTH = 32              # channels of the context pyramid


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(cin, cout, 3, stride, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(True),
            nn.Conv2d(cout, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout))
        self.shortcut = nn.Identity()
        if stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x), inplace=True)


def layer(cin, cout, stride):
    return nn.Sequential(BasicBlock(cin, cout, stride), BasicBlock(cout, cout, 1))


def conv_norm_relu(cin, cout, kernel):
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, padding=kernel // 2), nn.BatchNorm2d(cout), nn.ReLU(True))


def gate(channels):
    return nn.Sequential(conv_norm_relu(channels, channels // 4, 1), nn.Conv2d(channels // 4, channels, 1),
                         nn.BatchNorm2d(channels), nn.Sigmoid())


class NonLocal(nn.Module):
    """Each position takes a mean over all values, weighted by how well its query fits their keys."""

    def __init__(self, channels, width):
        super().__init__()
        self.query = nn.Conv2d(channels, width, 1)
        self.key = nn.Conv2d(channels, width, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        query, key, value = (f(x).flatten(2) for f in (self.query, self.key, self.value))
        attention = torch.softmax(torch.bmm(query.transpose(1, 2), key), 2)
        return self.gamma * torch.bmm(value, attention.transpose(1, 2)).view_as(x) + x


class ContextBlock(nn.Module):
    """A non-local block within each of scale x scale patches, guided by one over the largest values of all patches."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.guidance = nn.Sequential(nn.AdaptiveMaxPool2d(scale), NonLocal(WIDTH, WIDTH), gate(WIDTH))
        self.local = NonLocal(WIDTH, WIDTH // 4)
        self.after = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH))
        self.gamma = nn.Parameter(torch.zeros(1))

    def spans(self, length):
        """Starts and ends of the patches on an axis; the last takes the remainder."""
        step = length // self.scale
        ends = [(i + 1) * step for i in range(self.scale - 1)] + [length]
        return [(i * step, end) for i, end in enumerate(ends)]

    def forward(self, x):
        guidance = self.guidance(x)
        rows = []
        for i, (top, bottom) in enumerate(self.spans(x.shape[2])):
            patches = [self.local(x[:, :, top:bottom, left:right]) * guidance[:, :, i:i + 1, j:j + 1]
                       for j, (left, right) in enumerate(self.spans(x.shape[3]))]
            rows.append(torch.cat(patches, 3))
        return F.relu(self.gamma * self.after(torch.cat(rows, 2)) + x, inplace=True)


class ContextPyramid(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.reduce = conv_norm_relu(channels, WIDTH, 1)
        self.blocks = nn.ModuleList(ContextBlock(scale) for scale in SCALES)
        self.expand = conv_norm_relu(WIDTH * (1 + len(SCALES)), channels, 1)

    def forward(self, x):
        x = self.reduce(x)
        return self.expand(torch.cat([x] + [block(x) for block in self.blocks], 1))


class Fusion(nn.Module):
    def __init__(self, high, low):
        super().__init__()
        self.high = conv_norm_relu(high, low, 1)
        self.pixel_gate = gate(low)
        self.channel_gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), gate(low))
        self.after = conv_norm_relu(low, low, 3)

    def forward(self, high, low):
        high = self.high(high)
        return self.after(low + high) * self.channel_gate(high) * self.pixel_gate(low)


def resize(x, size):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)


class AGPCNet(nn.Module):
    """Returns the logits, alone in a tuple."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 64, 7, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True),
                                   layer(64, 64, 1))
        self.to_half, self.to_quarter, self.to_eighth = layer(64, 128, 2), layer(128, 256, 2), layer(256, 512, 2)
        self.context = ContextPyramid(512)
        self.fuse_quarter, self.fuse_half = Fusion(512, 256), Fusion(256, 128)
        self.head = nn.Sequential(conv_norm_relu(128, 32, 3), nn.Dropout(0.1), nn.Conv2d(32, 1, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        half = self.to_half(self.first(x))
        quarter = self.to_quarter(half)
        y = self.context(self.to_eighth(quarter))
        y = self.fuse_quarter(resize(y, quarter.shape[2:]), quarter)
        y = self.fuse_half(resize(y, half.shape[2:]), half)
        return (resize(self.head(y), x.shape[2:]),)


# --- training ---

def image_sum(x):
    return x.sum((1, 2, 3))


def loss(outputs, mask):
    p = torch.sigmoid(outputs[0])
    both = image_sum(p * mask)
    return 1 - ((both + 1) / (image_sum(p) + image_sum(mask) - both + 1)).mean()


def optimizer(parameters):
    return torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=1e-4)
