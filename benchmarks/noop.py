"""`images` when nothing changed."""

import json
import subprocess
import time
from pathlib import Path
from statistics import median

from benchmarks.bench import Setting
from benchmarks.engine import remove_images, swept
from benchmarks.figure import Bound, Figure, Target
from benchmarks.ways import Subject
from raydock.build.builder import Builder, Built
from raydock.build.secrets import Secrets
from raydock.events import silent
from raydock.paths import Checkout
from raydock.project import Project
from raydock.prove import report
from raydock.prove.smoke import smoke
from tests.support.index import Site, serving
from tests.support.toy import Run, Toy, make

VERSIONS = tuple(f"{number}.0.0" for number in range(1, 13))
TIMES = 5
# What an image without the real Ray can pass.
CHECKS = ("shells", "user", "lock")


def run(setting: Setting) -> list[Figure]:
    """Toy images of tiny wheels, really built, with reports that the real smoke made of those checks which an image
    without the real Ray passes; then the whole process of `./build.py images`, again and again."""
    site = Site()
    with swept(setting.client), serving(site) as endpoint:
        toy = _toy(setting.folder / "toy", site, endpoint)
        try:
            setting.tell(f"building and proving {len(VERSIONS)} toy images")
            built = _built(setting, toy)
            seconds = [_once(toy) for _ in range(TIMES)]
            peers = [_bake(setting, toy, built) for _ in range(TIMES)]
        finally:
            remove_images(setting.client, toy.registry)
    setting.detail.update({"raydock": seconds, "bake": peers, "checks in each report": list(CHECKS)})
    return [
        Figure(
            what=f"`images` over {len(VERSIONS)} built toy variants, whole process, median of {TIMES}",
            unit="s",
            measured=median(seconds),
            peer=median(peers),
            peer_way=f"`docker buildx bake` of the same {len(VERSIONS)}, all cached",
            target=Target(Bound.AT_MOST, 1.5),
        )
    ]


def _toy(root: Path, site: Site, endpoint: str) -> Toy:
    toy = make(root, site, endpoint)
    site.pages.pop("ray")
    for version in VERSIONS:
        site.publish("ray", version, ["toylib"], {"ray/__init__.py": f"__version__ = '{version}'\n".encode()})
    quoted = ", ".join(f'"{version}"' for version in VERSIONS)
    toy.edit("matrix.yaml", 'ray: ["1.0.0", "2.0.0"]', f"ray: [{quoted}]")
    return toy


def _built(setting: Setting, toy: Toy) -> list[Built]:
    """Locks, renders and builds a toy by the command line, and proves its images."""
    for command in ("facts", "lock", "render", "build"):
        _must(toy.run(command, seconds=600))
    project = Project(Checkout(toy.root))
    built = _builder(setting, project).find(project.plan.variants)
    for item in built:
        found = smoke(setting.client, item.image_id, name=item.name, fingerprint=item.fingerprint, checks=CHECKS)
        assert found.passed, found
        report.save(found, project.checkout.report(item.name))
    return built


def _once(toy: Toy) -> float:
    began = time.monotonic()
    done = toy.run("images")
    seconds = time.monotonic() - began
    _must(done)
    assert f"nothing to build, {len(VERSIONS)} built before, {len(VERSIONS)} proved before" in done.out, done.words
    return seconds


def _must(done: Run) -> None:
    assert done.code == 0, done.words


def _builder(setting: Setting, project: Project) -> Builder:
    return Builder(
        client=setting.client,
        checkout=project.checkout,
        matrix=project.matrix,
        secrets=Secrets(bundle=None, uv="", loopback=True),
        listener=silent,
        jobs=1,
    )


def _bake(setting: Setting, toy: Toy, built: list[Built]) -> float:
    """The seconds of a bake of the same build contexts, with the same arguments and labels."""
    project = Project(Checkout(toy.root))
    subjects = [Subject.find(setting.client, project, item.name, setting.folder) for item in built]
    targets = {
        f"t{number}": {
            "context": str(toy.root / "build" / "contexts" / subject.item.name),
            "contexts": {"uv": str(toy.root / "build" / "tools")},
            "args": {"BASE": subject.base.ref, "SOURCE_DATE_EPOCH": str(project.matrix.epoch)},
            "labels": subject.recipe.labels,
            "tags": [subject.builder.tag(subject.item.name)],
            "platforms": ["linux/amd64"],
            "network": "host",
        }
        for number, subject in enumerate(subjects)
    }
    path = setting.folder / "bake.json"
    document = {"group": {"default": {"targets": list(targets)}}, "target": targets}
    path.write_text(json.dumps(document), encoding="utf-8")
    began = time.monotonic()
    done = subprocess.run(
        ["docker", "buildx", "bake", "--provenance=false", "--progress=plain", "-f", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - began
    ran = [line for line in done.stderr.splitlines() if "DONE" in line and "RUN" in line]
    assert not ran, ran
    return seconds
