"""`images` when nothing changed."""

import subprocess
import time
from pathlib import Path
from statistics import median

from benchmarks.bench import Setting
from benchmarks.engine import remove_images, swept
from benchmarks.figure import Bound, Figure, Target
from benchmarks.ways import Subject
from raydock.builder.schedule import Builder
from raydock.builder.secrets import Secrets
from raydock.core.checkout import Checkout
from raydock.core.events import silent
from raydock.index.addresses import Address
from raydock.model import report
from raydock.model.result import VariantResult
from raydock.pipeline.project import Project
from raydock.smoke.smoke import smoke
from tests.support.index import Site, serving
from tests.support.toy import Run, Toy, make

VERSIONS = tuple(f"{number}.0.0" for number in range(1, 13))
TIMES = 5
# What an image without the real Ray can pass.
CHECKS = ("user", "lock")


def run(setting: Setting) -> list[Figure]:
    """Toy images of tiny wheels, really built, with reports that the real smoke made of those checks which an image
    without the real Ray passes; then the whole process of `./build.py images`, again and again."""
    site = Site()
    with swept(setting.client), serving(site) as endpoint:
        toy = _toy(setting.folder / "toy", site, endpoint)
        try:
            setting.tell(f"building and testing {len(VERSIONS)} toy images")
            built = _built(setting, toy)
            seconds = [_once(toy) for _ in range(TIMES)]
            commands = _commands(setting, toy, built, endpoint)
            _each(commands)  # so that all is cached for the next
            peers = [_each(commands) for _ in range(TIMES)]
        finally:
            remove_images(setting.client, toy.registry)
    setting.detail.update({"raydock": seconds, "docker build": peers, "checks in each report": list(CHECKS)})
    return [
        Figure(
            what=f"`images` over {len(VERSIONS)} built toy variants, whole process, median of {TIMES}",
            unit="s",
            measured=median(seconds),
            peer=median(peers),
            peer_way=f"{len(VERSIONS)} times `docker build`, all cached",
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


def _built(setting: Setting, toy: Toy) -> list[VariantResult]:
    """Locks, renders and builds a toy by the command line, and tests its images."""
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
    assert f"nothing to build, {len(VERSIONS)} built before, {len(VERSIONS)} tested before" in done.out, done.words
    return seconds


def _must(done: Run) -> None:
    assert done.code == 0, done.words


def _builder(setting: Setting, project: Project) -> Builder:
    return Builder(
        client=setting.client,
        checkout=project.checkout,
        matrix=project.matrix,
        secrets=Secrets(default=Address(url="http://localhost/")),
        listener=silent,
        jobs=1,
    )


def _commands(setting: Setting, toy: Toy, built: list[VariantResult], endpoint: str) -> list[list[str]]:
    """Builds of the same contexts with the same arguments, labels and secrets, by hand."""
    project = Project(Checkout(toy.root))
    uv = setting.folder / "uv.toml"
    uv.write_text(f'[[index]]\nurl = "{endpoint}"\ndefault = true\n', encoding="utf-8")
    shared = [
        "docker",
        "buildx",
        "build",
        "--quiet",
        "--provenance=false",
        "--network=host",
        f"--secret=id=uv,src={uv}",
    ]
    shared += [
        f"--build-context=uv={project.checkout.work}/tools",
        f"--build-arg=SOURCE_DATE_EPOCH={project.matrix.epoch}",
    ]
    commands = []
    for item in built:
        subject = Subject.find(setting.client, project, item.name, setting.folder)
        own = [f"--tag={subject.builder.tag(item.name)}", f"--build-arg=BASE={subject.base.ref}"]
        own += [f"--label={key}={value}" for key, value in subject.recipe.labels.items()]
        commands.append([*shared, *own, f"{project.checkout.work}/contexts/{item.name}"])
    return commands


def _each(commands: list[list[str]]) -> float:
    """The seconds of all commands, one after another."""
    began = time.monotonic()
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return time.monotonic() - began
