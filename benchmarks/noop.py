"""Duration of `images` when nothing changed."""

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
    """Measure the whole process of `./build.py images`.

    The toy images of tiny wheels are really built, and have reports of the checks that an image without the real Ray
    passes.
    """
    site = Site()
    with swept(setting.client), serving(site) as endpoint:
        toy = _toy(setting.folder / "toy", site, endpoint)
        try:
            setting.progress(f"building and testing {len(VERSIONS)} toy images")
            built = _build(setting, toy)
            seconds = [_run_images(toy) for _ in range(TIMES)]
            commands = _commands(setting, toy, built, endpoint)
            _run_each(commands)  # fills the caches for the next runs
            peers = [_run_each(commands) for _ in range(TIMES)]
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


def _build(setting: Setting, toy: Toy) -> list[VariantResult]:
    """Lock, render and build a toy with the command line, and test its images."""
    for command in ("facts", "lock", "render", "build"):
        _assert_done(toy.run(command, seconds=600))
    project = Project(Checkout(toy.root))
    built = _builder(setting, project).find(project.plan.variants)
    for result in built:
        tested = smoke(setting.client, result.image_id, name=result.name, fingerprint=result.fingerprint, checks=CHECKS)
        assert tested.passed, tested
        report.save(tested, project.checkout.report(result.name))
    return built


def _run_images(toy: Toy) -> float:
    began = time.monotonic()
    done = toy.run("images")
    seconds = time.monotonic() - began
    _assert_done(done)
    assert f"nothing to build, {len(VERSIONS)} built before, {len(VERSIONS)} tested before" in done.out, done.summary
    return seconds


def _assert_done(done: Run) -> None:
    assert done.code == 0, done.summary


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
    """Return `docker build` commands for the same contexts with the same arguments, labels and secrets."""
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
    for result in built:
        subject = Subject.find(setting.client, project, result.name, setting.folder)
        own = [f"--tag={subject.builder.tag(result.name)}", f"--build-arg=BASE={subject.base.ref}"]
        own += [f"--label={key}={value}" for key, value in subject.recipe.labels.items()]
        commands.append([*shared, *own, f"{project.checkout.work}/contexts/{result.name}"])
    return commands


def _run_each(commands: list[list[str]]) -> float:
    """Run all commands one after another and return the seconds."""
    began = time.monotonic()
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return time.monotonic() - began
