"""What asks neither engine nor network, over generated matrices of up to 10,000 variants."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from packaging.utils import canonicalize_name
from packaging.version import Version

from benchmarks import scratch
from benchmarks.bench import ROOT, Setting
from benchmarks.figure import Bound, Figure, Target
from raydock.core.checkout import Checkout
from raydock.lock import lockfile
from raydock.lock.artifacts import Artifact
from raydock.lock.request import request
from raydock.model import facts as model
from raydock.model import lock as locks
from raydock.model.facts import Facts
from raydock.model.lock import Lock
from raydock.model.variant import Axis, Variant
from raydock.pipeline.project import Project

SIZES = (100, 1000, 10_000)
# Beyond this many the peer takes minutes.
PEER_SIZES = 1000
# The committed matrix has this many variants of each Ray; generated Rays are this one under other numbers.
PER_RAY, RAY = 10, "2.60.0"


def run(setting: Setting) -> list[Figure]:
    """The four together and the whole process, of each size; and beside it a peer's plan of as many images."""
    figures, seconds = [], {}
    for size in SIZES:
        setting.tell(f"generating {size} variants, with locks and Dockerfiles")
        project = generate(setting.project, setting.folder / str(size), size)
        runs = [_process(project.checkout) for _ in range(setting.runs)]
        seconds[size] = median(sum(parts.values()) for _, parts in runs)
        whole = median(whole for whole, _ in runs)
        setting.detail[str(size)] = runs
        setting.tell(f"{size} variants: {seconds[size]:.2f} s, the whole process {whole:.2f} s")
        peer = _bake(setting.folder / f"bake-{size}.json", project) if size <= PEER_SIZES else None
        figures += [
            _figure(size, seconds[size], peer),
            Figure(what=f"the same as a process, with Python's start and imports, {size}", unit="s", measured=whole),
        ]
    small, middle, large = SIZES
    growth = (seconds[large] / large) / (seconds[small] / small)
    words = f"seconds a variant at {large} over those at {small}; {seconds[middle] / middle * 1e3:.1f} ms at {middle}"
    return [*figures, Figure(what=words, unit="x", measured=growth, target=Target(Bound.AT_MOST, 1.5))]


def _figure(size: int, seconds: float, peer: float | None) -> Figure:
    return Figure(
        what=f"plan, lock check, render check and fingerprints of {size} variants",
        unit="s",
        measured=seconds,
        peer=peer,
        peer_way=f"`docker buildx bake --print` of {size} targets, which only plans",
        target=Target(Bound.AT_MOST, 2) if size == 1000 else None,
    )


def generate(real: Project, root: Path, size: int) -> Project:
    """A checkout of `size` variants: the real matrix with more Rays, each with the facts and the locks of RAY."""
    rays = [f"3.{number}.0" for number in range(size // PER_RAY)]
    made = scratch.project(root, {axis.value: real.matrix.axes[axis] for axis in Axis} | {"ray": rays})
    _write_facts(real.facts, made.checkout, rays)
    assert len(made.plan.variants) == size, len(made.plan.variants)
    templates: dict[str, Lock] = {}
    for item in made.plan.variants:
        source = replace(item.variant, ray=RAY).name
        template = templates.setdefault(source, locks.load(real.checkout.lock(source)))
        text = _lock(made, item.variant, template)
        made.checkout.lock(item.name).write_text(text, encoding="utf-8")
    for name, text in made.dockerfiles(made.plan.variants).items():
        path = made.checkout.dockerfile(name)
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return made


def _write_facts(real: Facts, checkout: Checkout, rays: list[str]) -> None:
    ray = real.releases["ray", RAY]
    kept = {key: release for key, release in real.releases.items() if key[0] != "ray"}
    wheels = {
        version: tuple(
            replace(wheel, filename=wheel.filename.replace(f"-{RAY}-", f"-{version}-")) for wheel in ray.wheels
        )
        for version in rays
    }
    made = {("ray", version): replace(ray, version=version, wheels=wheels[version]) for version in rays}
    checkout.facts.write_text(model.dump(Facts(kept | made)), encoding="utf-8")


def _lock(project: Project, variant: Variant, template: Lock) -> str:
    """A lock by raydock's own writer: another's pins, with another Ray."""
    pins = {name: replace(pin, version=variant.ray) if name == "ray" else pin for name, pin in template.pins.items()}
    size = int(template.header["download-bytes"]) // len(pins)
    artifacts = [
        Artifact(
            project=canonicalize_name(pin.name),
            version=str(Version(pin.version)) if pin.name == "ray" else pin.version,
            filename="",
            sha256=pin.text.split("sha256:")[1][:64],
            size=size,
            requires_python="",
            yanked=False,
        )
        for pin in pins.values()
    ]
    return lockfile.compose(
        variant.name, request(project.rule_inputs, variant), template.header["resolver"], pins, artifacts
    )


def _process(checkout: Checkout) -> tuple[float, dict[str, float]]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.checks", str(checkout.root)], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return time.monotonic() - began, json.loads(done.stdout)


def _bake(path: Path, project: Project) -> float:
    """The seconds that buildx takes to say what it would build."""
    targets = {
        f"t{number}": {"context": str(project.checkout.images / item.name), "tags": [f"x:{item.name}"]}
        for number, item in enumerate(project.plan.variants)
    }
    path.write_text(json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets}), encoding="utf-8")
    began = time.monotonic()
    subprocess.run(["docker", "buildx", "bake", "--print", "-f", str(path)], capture_output=True, check=True)
    return time.monotonic() - began
