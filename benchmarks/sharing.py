"""Bytes stored once, compared with the sum of the images."""

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
from raydock.lock.request import create_request
from raydock.model import lock as locks
from raydock.model.variant import Variant
from raydock.pipeline.project import Project

GB = 1e9
_WRITES = re.compile(r"(RUN|COPY|ADD|WORKDIR)\b")


def run(setting: Setting) -> list[Figure]:
    """Measure the wheels of all variants of the matrix, and the layers of the images on this engine."""
    with Pages(from_environment(os.environ)) as pages:
        variants = setting.project.plan.variants
        wheels = {planned.name: _wheels(setting.project, planned.variant, pages) for planned in variants}
    images = built_images(setting.client, setting.project.matrix.registry, [planned.name for planned in variants])
    built = {name: _image(setting.client, image.id) for name, image in images.items()}
    setting.detail["images"] = sorted(built)
    return [
        _figure(f"wheels of the {len(wheels)} variants' layers", wheels.values()),
        _figure(f"layers of the {len(built)} images built here, unpacked", built.values()),
    ]


def _figure(what: str, sets: Iterable[list[tuple[object, int]]]) -> Figure:
    parts = [layer for layers in sets for layer in layers]
    return Figure(
        what=f"{what}, each stored once",
        unit="GB",
        measured=sum(dict(parts).values()) / GB,
        peer=sum(size for _, size in parts) / GB,
        peer_way="each image for itself",
    )


def _wheels(project: Project, variant: Variant, pages: Pages) -> list[tuple[object, int]]:
    """Return a variant's layers: what decides their content, and the size of their wheels."""
    lock_request = create_request(project.rule_inputs, variant)
    lock = locks.load(project.checkout.lock(variant.name))
    pages.prefetch(lock.pins)
    sizes: list[tuple[object, int]] = []
    for layer in layers(lock, project.matrix.packages_of(variant).added):
        artifacts = [choose(lock_request, pin.name, pin.version, pages.files(pin.name)) for pin in layer.pins]
        sizes.append(((variant.python, layer.text), sum(artifact.size or 0 for artifact in artifacts)))
    return sizes


def _image(client: docker.DockerClient, image_id: str) -> list[tuple[object, int]]:
    """Return an image's layers: their digests (diffID, equal for equal content) and unpacked bytes.

    The engine does not report which steps made a layer, so this uses the instruction of each step.
    """
    digests = client.api.inspect_image(image_id)["RootFS"]["Layers"]
    steps = [step for step in reversed(client.api.history(image_id)) if _WRITES.match(step["CreatedBy"])]
    sizes = [step["Size"] for step in steps]
    # A layer that is in an image twice, such as an empty one, is counted once.
    return list(dict(zip(digests, sizes, strict=True)).items())
