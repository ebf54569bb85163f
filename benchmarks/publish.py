"""Duration of `publish` when everything is published already."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median

from benchmarks.bench import ROOT, Setting
from benchmarks.engine import remove_images
from benchmarks.figure import Bound, Figure, Target
from benchmarks.registry import registry
from benchmarks.scale import generate
from benchmarks.ways import Subject
from raydock.pipeline.project import Project
from tests.support.builtimages import BuiltImages
from tests.support.toy import Checkout

VARIANTS, TIMES = 100, 5
REGISTRY = "localhost:5000/raydock-bench-publish"


def run(setting: Setting) -> list[Figure]:
    """Measure the whole process of `./build.py publish` to a registry on loopback.

    The images are tiny and have the labels of a build; their reports are written by this bench.
    """
    project = _project(setting)
    try:
        setting.progress(f"making {VARIANTS} tiny images, and reports")
        BuiltImages(client=setting.client, project=project).fill(project.plan.variants)
        with registry(setting.folder, setting.tools) as store:
            name = f"{store.address}/bench"
            setting.progress("publishing them")
            first = _publish(project.checkout.root, name, f"release {time.strftime('%Y%m%d', time.gmtime())}-1")
            expected = f"nothing to move, {VARIANTS} images published before"
            seconds = [_publish(project.checkout.root, name, expected) for _ in range(TIMES)]
            peer = _push_all(project, f"{store.address}/peer")
    finally:
        remove_images(setting.client, REGISTRY)
    setting.detail.update({"first": first, "raydock": seconds})
    return [
        Figure(what=f"`publish` of {VARIANTS} tiny images, whole process", unit="s", measured=first),
        Figure(
            what=f"`publish` of {VARIANTS} variants that are published, whole process, median of {TIMES}",
            unit="s",
            measured=median(seconds),
            peer=peer,
            peer_way=f"{VARIANTS} times `docker push`, all pushed before",
            target=Target(Bound.AT_MOST, 3),
        ),
    ]


def _project(setting: Setting) -> Project:
    """Generate a checkout, and build the bases of its variants."""
    generated = generate(setting.project, setting.folder / "checkout", VARIANTS)
    matrix = generated.checkout.matrix
    text = matrix.read_text(encoding="utf-8")
    matrix.write_text(text.replace(generated.matrix.registry, REGISTRY), encoding="utf-8")
    shutil.copy(ROOT / "scan.yaml", generated.checkout.policy)
    project = Project(generated.checkout)
    for planned in project.plan.variants[:10]:
        assert Subject.find(setting.client, project, planned.name, setting.folder / "base").base
    return project


def _publish(root: Path, name: str, expected: str) -> float:
    began = time.monotonic()
    done = Checkout(root=root, environment=dict(os.environ)).run("publish", "--registry", name)
    seconds = time.monotonic() - began
    assert done.code == 0, done.summary
    assert expected in done.out, done.summary
    return seconds


def _push_all(project: Project, repository: str) -> float:
    """Return the seconds that `docker push` takes to push every image again."""
    names = [planned.name for planned in project.plan.variants]
    tags = {f"{project.matrix.registry}:{name}": f"{repository}:{name}" for name in names}
    seconds = 0.0
    for old, new in tags.items():
        subprocess.run(["docker", "tag", old, new], check=True)
        subprocess.run(["docker", "push", "--quiet", new], check=True, capture_output=True)
    for new in tags.values():
        began = time.monotonic()
        subprocess.run(["docker", "push", "--quiet", new], check=True, capture_output=True)
        seconds += time.monotonic() - began
        subprocess.run(["docker", "image", "rm", new], check=True, capture_output=True)
    return seconds
