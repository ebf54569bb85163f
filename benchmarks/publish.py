"""`publish` when everything is published already."""

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
from tests.support.shelf import Shelf
from tests.support.toy import Checkout

VARIANTS, TIMES = 100, 5
REGISTRY = "localhost:5000/raydock-bench-publish"


def run(setting: Setting) -> list[Figure]:
    """Tiny images with a build's labels, and reports written by hand, published to a registry on loopback; then the
    whole process of `./build.py publish`, again and again."""
    project = _project(setting)
    try:
        setting.tell(f"making {VARIANTS} tiny images, and reports")
        Shelf(client=setting.client, project=project).fill(project.plan.variants)
        with registry(setting.folder, setting.tools) as store:
            name = f"{store.address}/bench"
            setting.tell("publishing them")
            first = _once(project.checkout.root, name, f"release {time.strftime('%Y%m%d', time.gmtime())}-1")
            said = f"nothing to move, {VARIANTS} images published before"
            seconds = [_once(project.checkout.root, name, said) for _ in range(TIMES)]
            peer = _pushed(project, f"{store.address}/peer")
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
    """A generated matrix, with the bases that its variants stand on."""
    made = generate(setting.project, setting.folder / "checkout", VARIANTS)
    matrix = made.checkout.matrix
    text = matrix.read_text(encoding="utf-8")
    matrix.write_text(text.replace(made.matrix.registry, REGISTRY), encoding="utf-8")
    shutil.copy(ROOT / "scan.yaml", made.checkout.policy)
    project = Project(made.checkout)
    for item in project.plan.variants[:10]:
        assert Subject.find(setting.client, project, item.name, setting.folder / "base").base
    return project


def _once(root: Path, name: str, said: str) -> float:
    began = time.monotonic()
    done = Checkout(root=root, environment=dict(os.environ)).run("publish", "--registry", name)
    seconds = time.monotonic() - began
    assert done.code == 0, done.words
    assert said in done.out, done.words
    return seconds


def _pushed(project: Project, repository: str) -> float:
    """The seconds of pushing every image again by docker's command line."""
    tags = {f"{project.matrix.registry}:{item.name}": f"{repository}:{item.name}" for item in project.plan.variants}
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
