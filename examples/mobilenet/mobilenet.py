"""Classify pictures with a MobileNetV2 in plain torch, served by Ray Serve.

The weights are random, from a fixed seed, so that nothing is downloaded. The classes have no meaning, and a picture has
the same class in every replica. POST a binary PPM (P6) of any size:

(printf 'P6 2 2 255 '; head -c 12 /dev/urandom) | curl --data-binary @- http://HOST:8000/mobilenet
"""

import re
from typing import Any

import torch
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse
from torch import nn

CLASSES, SIDE = 1000, 224
# Netpbm's ppm: white space and comments between the numbers, one white space before the pixels.
_SPACE = rb"(?:\s|#[^\n]*\n)+"
HEAD = re.compile(rb"P6" + _SPACE + rb"(?P<width>\d{1,5})" + _SPACE + rb"(?P<height>\d{1,5})" + _SPACE + rb"255\s")
# Sandler et al., MobileNetV2 (2018), table 2: expansion, channels, blocks, stride.
BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def convolution(into: int, out: int, size: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Return a convolution, its normalization and its activation."""
    return [*normalized(nn.Conv2d(into, out, size, stride, size // 2, groups=groups, bias=False)), nn.ReLU6()]


def normalized(layer: nn.Conv2d) -> list[nn.Module]:
    """Return a convolution that keeps the scale of its input, so that pictures differ, and its normalization."""
    nn.init.kaiming_normal_(layer.weight)
    return [layer, nn.BatchNorm2d(layer.out_channels)]


class Block(nn.Module):
    """An inverted residual: expand, convolve each channel, project."""

    def __init__(self, into: int, out: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = into * expansion
        widen = convolution(into, wide, 1) if expansion > 1 else []
        narrow = normalized(nn.Conv2d(wide, out, 1, bias=False))
        self.layers = nn.Sequential(*widen, *convolution(wide, wide, 3, stride, groups=wide), *narrow)
        self.residual = stride == 1 and into == out

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + self.layers(images) if self.residual else self.layers(images)


def mobilenet() -> nn.Module:
    """Return the network, with weights from seed 0."""
    torch.manual_seed(0)
    layers, channels = convolution(3, 32, 3, 2), 32
    for expansion, out, count, stride in BLOCKS:
        for index in range(count):
            layers.append(Block(channels, out, expansion, stride if index == 0 else 1))
            channels = out
    top = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, CLASSES)]
    return nn.Sequential(*layers, *convolution(channels, 1280, 1), *top).eval()


def picture(data: bytes) -> torch.Tensor:
    """Convert a binary PPM to a batch of one normalized picture. Raises ValueError for other data."""
    head = HEAD.match(data)
    width, height = (int(head["width"]), int(head["height"])) if head else (0, 0)
    pixels = bytearray(data[head.end() :] if head else b"")
    if not pixels or len(pixels) != width * height * 3:
        raise ValueError("not a binary PPM (P6) of 8 bits")
    image = torch.frombuffer(pixels, dtype=torch.uint8).reshape(height, width, 3).permute(2, 0, 1)[None] / 127.5 - 1
    return nn.functional.interpolate(image, (SIDE, SIDE), mode="bilinear")


@serve.deployment
class ImageClassifier:
    """A replica of the network, on a GPU if it has one."""

    def __init__(self) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.network = mobilenet().to(self.device)

    async def __call__(self, request: Request) -> Any:
        try:
            image = picture(await request.body())
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        with torch.inference_mode():
            scores = self.network(image.to(self.device)).softmax(1)[0].topk(3)
        return [{"class": int(kind), "score": round(float(score), 6)} for score, kind in zip(*scores, strict=True)]


app = ImageClassifier.bind()
