"""Compressed bytes of images as pushed."""

from benchmarks.bench import CPU, TORCH, Setting
from benchmarks.engine import REPOSITORY, swept
from benchmarks.figure import Bound, Figure, Target
from benchmarks.registry import Layer, registry
from benchmarks.ways import PIP, Subject, usual
from raydock.model import lock as locks

MB = 1e6


def run(setting: Setting) -> list[Figure]:
    """Compare the cpu image with the usual Dockerfile's, and the torch image with its base and its wheels."""
    cpu = Subject.find(setting.client, setting.project, CPU, setting.folder / "cpu")
    torch = Subject.find(setting.client, setting.project, TORCH, setting.folder / "torch")
    images = {subject.planned.name: subject.image() for subject in (cpu, torch)}
    with registry(setting.folder, setting.tools) as store:
        with swept(setting.client):
            setting.progress("building the usual Dockerfile of the cpu image")
            usual(cpu, PIP, f"{REPOSITORY}:usual", cache=f"{REPOSITORY}-size")
            peer = total(store.push(setting.client, f"{REPOSITORY}:usual", "usual"))
        layers = {}
        for name, image in images.items():
            setting.progress(f"pushing {name}")
            layers[name] = store.push(setting.client, image, name)
    setting.detail["layers"] = {
        name: [{"name": layer.name, "bytes": layer.size} for layer in pushed] for name, pushed in layers.items()
    }
    return [
        Figure(
            what=f"{CPU}, compressed as pushed",
            unit="MB",
            measured=total(layers[CPU]) / MB,
            peer=peer / MB,
            peer_way=PIP.way,
            target=Target(Bound.AT_MOST, 180),
        ),
        Figure(
            what=f"{TORCH}, compressed as pushed",
            unit="MB",
            measured=total(layers[TORCH]) / MB,
            peer=floor(torch, layers[TORCH]) / MB,
            peer_way="its base and its wheels",
            target=Target(Bound.OF_PEER, 0.97),
        ),
    ]


def total(layers: tuple[Layer, ...]) -> int:
    """Return the bytes of all layers."""
    return sum(layer.size for layer in layers)


def floor(subject: Subject, layers: tuple[Layer, ...]) -> int:
    """Return the compressed size of a variant's base plus its wheels in the index, in bytes."""
    base = subject.client.api.inspect_image(subject.base.ref)["RootFS"]["Layers"]
    wheels = int(locks.load(subject.checkout.lock(subject.planned.name)).header["download-bytes"])
    return total(layers[: len(base)]) + wheels
