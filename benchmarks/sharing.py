"""Bytes stored once against the sum of the images."""

import os
import re
from collections.abc import Iterable

import docker

from benchmarks.bench import Setting
from benchmarks.figure import Figure
from raydock.builder.layers import layers
from raydock.builder.schedule import built_images
from raydock.index.client import from_environment
from raydock.index.pages import Pages
from raydock.lock.artifacts import choose
from raydock.lock.request import request
from raydock.model import lock as locks
from raydock.model.variant import Variant
from raydock.pipeline.project import Project

GB = 1e9
_WRITES = re.compile(r"(RUN|COPY|ADD|WORKDIR)\b")


def run(setting: Setting) -> list[Figure]:
    """Over the variants of the matrix, by what their wheels weigh; and over the images that this engine holds."""
    with Pages(from_environment(os.environ)) as pages:
        wheels = {item.name: _wheels(setting.project, item.variant, pages) for item in setting.project.plan.variants}
    names = [item.name for item in setting.project.plan.variants]
    images = built_images(setting.client, setting.project.matrix.registry, names)
    built = {name: _image(setting.client, image.id) for name, image in images.items()}
    setting.detail["images"] = sorted(built)
    return [
        _figure(f"wheels of the {len(wheels)} variants' layers", wheels.values()),
        _figure(f"layers of the {len(built)} images built here, unpacked", built.values()),
    ]


def _figure(what: str, sets: Iterable[list[tuple[object, int]]]) -> Figure:
    parts = [part for found in sets for part in found]
    return Figure(
        what=f"{what}, each stored once",
        unit="GB",
        measured=sum(dict(parts).values()) / GB,
        peer=sum(size for _, size in parts) / GB,
        peer_way="each image for itself",
    )


def _wheels(project: Project, variant: Variant, pages: Pages) -> list[tuple[object, int]]:
    """A variant's layers: what decides their bytes, and what their wheels weigh."""
    asked = request(project.rule_inputs, variant)
    lock = locks.load(project.checkout.lock(variant.name))
    pages.prefetch(lock.pins)
    found: list[tuple[object, int]] = []
    for layer in layers(lock, project.matrix.packages_of(variant).added):
        artifacts = [choose(asked, pin.name, pin.version, pages.files(pin.name)) for pin in layer.pins]
        found.append(((variant.python, layer.text), sum(artifact.size or 0 for artifact in artifacts)))
    return found


def _image(client: docker.DockerClient, image_id: str) -> list[tuple[object, int]]:
    """An image's layers: their digests (diffID, so two layers with one content are one) and bytes unpacked.

    The engine does not say which steps made a layer, so they are told by their instruction.
    """
    digests = client.api.inspect_image(image_id)["RootFS"]["Layers"]
    steps = [step for step in reversed(client.api.history(image_id)) if _WRITES.match(step["CreatedBy"])]
    sizes = [step["Size"] for step in steps]
    # A layer that is in an image twice, such as an empty one, is counted once.
    return list(dict(zip(digests, sizes, strict=True)).items())
