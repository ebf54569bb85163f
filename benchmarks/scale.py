"""Commands without engine and network, with generated matrices of up to 10,000 variants."""

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
from raydock.lock.request import create_request
from raydock.model import facts as model
from raydock.model import lock as locks
from raydock.model.facts import Facts
from raydock.model.lock import Lock
from raydock.model.variant import Axis, Variant
from raydock.pipeline.project import Project

SIZES = (100, 1000, 10_000)
# With more targets the peer takes minutes.
PEER_SIZES = 1000
# The committed matrix has this many variants of each Ray; generated Rays are copies of this one with new versions.
PER_RAY, RAY = 10, "2.60.0"


def run(setting: Setting) -> list[Figure]:
    """Measure the four steps and the whole process for each size, and a peer's plan of as many images."""
    figures, seconds = [], {}
    for size in SIZES:
        setting.progress(f"generating {size} variants, with locks and Dockerfiles")
        project = generate(setting.project, setting.folder / str(size), size)
        runs = [_process(project.checkout) for _ in range(setting.runs)]
        seconds[size] = median(sum(parts.values()) for _, parts in runs)
        whole = median(whole for whole, _ in runs)
        setting.detail[str(size)] = runs
        setting.progress(f"{size} variants: {seconds[size]:.2f} s, the whole process {whole:.2f} s")
        peer = _bake(setting.folder / f"bake-{size}.json", project) if size <= PEER_SIZES else None
        figures += [
            _figure(size, seconds[size], peer),
            Figure(what=f"the same as a process, with Python's start and imports, {size}", unit="s", measured=whole),
        ]
    small, middle, large = SIZES
    growth = (seconds[large] / large) / (seconds[small] / small)
    what = f"seconds a variant at {large} over those at {small}; {seconds[middle] / middle * 1e3:.1f} ms at {middle}"
    return [*figures, Figure(what=what, unit="x", measured=growth, target=Target(Bound.AT_MOST, 1.5))]


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
    """Generate a checkout of `size` variants: the real matrix with more Rays, with the facts and locks of RAY."""
    rays = [f"3.{number}.0" for number in range(size // PER_RAY)]
    generated = scratch.project(root, {axis.value: real.matrix.axes[axis] for axis in Axis} | {"ray": rays})
    _write_facts(real.facts, generated.checkout, rays)
    assert len(generated.plan.variants) == size, len(generated.plan.variants)
    templates: dict[str, Lock] = {}
    for planned in generated.plan.variants:
        source = replace(planned.variant, ray=RAY).name
        template = templates.setdefault(source, locks.load(real.checkout.lock(source)))
        text = _lock(generated, planned.variant, template)
        generated.checkout.lock(planned.name).write_text(text, encoding="utf-8")
    for name, text in generated.dockerfiles(generated.plan.variants).items():
        path = generated.checkout.dockerfile(name)
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return generated


def _write_facts(real: Facts, checkout: Checkout, rays: list[str]) -> None:
    ray = real.releases["ray", RAY]
    kept = {key: release for key, release in real.releases.items() if key[0] != "ray"}
    wheels = {
        version: tuple(
            replace(wheel, filename=wheel.filename.replace(f"-{RAY}-", f"-{version}-")) for wheel in ray.wheels
        )
        for version in rays
    }
    added = {("ray", version): replace(ray, version=version, wheels=wheels[version]) for version in rays}
    checkout.facts.write_text(model.dump(Facts(kept | added)), encoding="utf-8")


def _lock(project: Project, variant: Variant, template: Lock) -> str:
    """Compose a lock from the pins of a template, with a different Ray."""
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
        variant.name, create_request(project.rule_inputs, variant), template.header["resolver"], pins, artifacts
    )


def _process(checkout: Checkout) -> tuple[float, dict[str, float]]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.checks", str(checkout.root)], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return time.monotonic() - began, json.loads(done.stdout)


def _bake(path: Path, project: Project) -> float:
    """Return the seconds that buildx takes to print what it would build."""
    targets = {
        f"t{number}": {"context": str(project.checkout.images / planned.name), "tags": [f"x:{planned.name}"]}
        for number, planned in enumerate(project.plan.variants)
    }
    path.write_text(json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets}), encoding="utf-8")
    began = time.monotonic()
    subprocess.run(["docker", "buildx", "bake", "--print", "-f", str(path)], capture_output=True, check=True)
    return time.monotonic() - began
