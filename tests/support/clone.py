"""A git repository of raydock's own files, with a small matrix that has every kind of base and variant."""

import shutil
import subprocess
from pathlib import Path

from raydock.builder import render
from raydock.builder.baserecipe import base_recipe, group_request, recipe_for
from raydock.core.checkout import Checkout
from raydock.model.debs import Deb, compose
from raydock.pipeline.project import Project

ROOT = Path(__file__).parents[2]
CPU = "ray2.60.0-py311-cpu"
CUDA = "ray2.60.0-torch2.13.0-py311-cu130"
PULLED = "ray2.60.0-py312-cpu"
GROUP = "ray2.60.0-py313-cpu-media"
NAMES = ("ray2.49.1-py311-cpu", "ray2.49.1-py313-cpu", CPU, "ray2.60.0-py313-cpu", CUDA, PULLED, GROUP)
# Those that ROOT has no lock of, and whose lock serves.
_COPIES = {PULLED: CPU, GROUP: "ray2.60.0-py313-cpu"}
# Folders above the pipeline do not decide what an image is made of.
_AFTER = ("__pycache__", "cli", "doctor", "deploy", "hosts", "pick", "publish", "wheelhouse")

MATRIX = f"""\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases:
  debian: {{source: bootstrap, python: {{"3.11": bookworm, "3.13": trixie}}}}
  ubuntu: {{source: pull, image: "mirror.example/ubuntu@sha256:{"1" * 64}", glibc: "2.39", python: {{"3.12": system}}}}
axes: {{python: ["3.11", "3.13"], ray: ["2.49.1", "2.60.0"]}}
packages: {{ray-extras: [default, serve], always: [pip, virtualenv]}}
groups: {{media: {{ray: "2.60.0", python: "3.13", os-packages: [ffmpeg]}}}}
points:
  - {{python: "3.12", ray: "2.60.0", groups: [pulled]}}
  - {{python: "3.11", cuda: "13.0", torch: "2.13.0", ray: "2.60.0", groups: [cuda]}}
"""
_DEB = Deb(name="bash", version="5.2", architecture="amd64", sha256="0" * 64, size=1, path="pool/bash.deb")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.example", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path) -> str:
    """Commits everything, and answers the commit's name."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a commit")
    return git(folder, "rev-parse", "HEAD")


def restore(root: Path, name: str) -> None:
    """Makes the clone what it was at a commit."""
    git(root, "reset", "--quiet", "--hard", name)
    git(root, "clean", "--quiet", "-dx", "--force")


def make(top: Path) -> Path:
    """A repository of one commit in `top`, with locks and Dockerfiles; the checkout is a folder of it."""
    root = top / "raydock"
    for name in ("raydock", "templates"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns(*_AFTER))
    (root / "lockfiles").mkdir()
    for name in NAMES:
        shutil.copy(ROOT / "lockfiles" / f"{_COPIES.get(name, name)}.txt", root / "lockfiles" / f"{name}.txt")
    for path in ("requirements.txt", "lockfiles/facts.json"):
        shutil.copy(ROOT / path, root / path)
    (root / "matrix.yaml").write_text(MATRIX)
    _lock_debs(root)
    render_dockerfiles(root)
    git(top, "init", "--quiet")
    commit(top)
    return root


def render_dockerfiles(root: Path) -> None:
    project = Project(Checkout(root))
    render.write(project.checkout, project.dockerfiles(project.plan.variants))


def _lock_debs(root: Path) -> None:
    """Locks one package for each base and group; apt would lock more."""
    project = Project(Checkout(root))
    assert {item.name for item in project.plan.variants} == set(NAMES)
    for variant in project.variants:
        recipe = base_recipe(project.matrix, variant, project.checkout)
        project.checkout.deb_lock(recipe.name).write_text(compose(recipe.request.header, [_DEB]))
        request = group_request(project.matrix, variant, recipe_for(project.matrix, variant, project.checkout))
        if request:
            project.checkout.deb_lock(request.name).write_text(compose(request.header, [_DEB]))
