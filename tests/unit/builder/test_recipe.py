from dataclasses import replace
from pathlib import Path

import pytest

from raydock.builder.layers import layers
from raydock.builder.recipe import Context, Recipe
from raydock.core.checkout import Checkout
from raydock.model import lock as locks
from raydock.plan.planner import Plan

ROOT = Path(__file__).parents[3]
NAME = "ray2.60.0-py311-cpu"


@pytest.fixture
def recipe(plan: Plan) -> Recipe:
    planned = next(each for each in plan.variants if each.name == NAME)
    lock = locks.load(ROOT / "lockfiles" / f"{NAME}.txt")
    return Recipe(
        name=NAME,
        dockerfile="FROM scratch\n",
        files=Context.read(Checkout(ROOT).templates).files(planned, lock, layers(lock)),
        lock_sha256=lock.sha256,
        base="00",
        base_ref="raydock-base:debian-py311",
        python="3.11.2",
        platform="linux/amd64",
        epoch=1,
    )


def test_equal_content_has_equal_fingerprints(recipe: Recipe) -> None:
    again = replace(recipe, files=dict(reversed(recipe.files.items())))
    assert again.fingerprint == recipe.fingerprint
    assert len(recipe.fingerprint) == 64


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dockerfile", "FROM scratch\nUSER 1\n"),
        ("lock_sha256", "00"),
        ("base", "01"),
        ("platform", "linux/arm64"),
        ("epoch", 2),
    ],
)
def test_each_input_changes_the_fingerprint(recipe: Recipe, field: str, value: object) -> None:
    assert replace(recipe, **{field: value}).fingerprint != recipe.fingerprint  # type: ignore[arg-type]


def test_each_file_of_the_context_changes_the_fingerprint(recipe: Recipe) -> None:
    for path in recipe.files:
        changed = replace(recipe, files={**recipe.files, path: recipe.files[path] + b"\n"})
        assert changed.fingerprint != recipe.fingerprint, path
    assert replace(recipe, files={**recipe.files, "more": b""}).fingerprint != recipe.fingerprint


def test_the_context_has_installer_probe_layers_and_manifest(recipe: Recipe) -> None:
    assert {"installer/make-tree", "installer/unused-files.txt", "layers/ray.txt", "image.json"} <= set(recipe.files)
    assert "probe/raydock-probe" in recipe.files


def test_the_context_has_the_build_requirements_of_source_packages(plan: Plan) -> None:
    planned = next(each for each in plan.variants if "legacy" in each.groups)
    lock = locks.load(ROOT / "lockfiles" / f"{planned.name}.txt")
    files = Context.read(Checkout(ROOT).templates).files(planned, lock, layers(lock))
    assert b"--no-binary quantile-python" in files["layers/source.txt"]
    assert files["layers/source.build.txt"].startswith(b"setuptools==80.9.0 --hash=sha256:")
    assert [path for path in files if path.endswith(".build.txt")] == ["layers/source.build.txt"]


def test_writing_a_context_removes_the_previous_content(recipe: Recipe, tmp_path: Path) -> None:
    stray = tmp_path / "context" / "layers" / "old.txt"
    stray.parent.mkdir(parents=True)
    stray.touch()
    recipe.write(tmp_path / "context")
    assert not stray.exists()
    assert (tmp_path / "context" / "Dockerfile").read_text() == recipe.dockerfile
    assert (tmp_path / "context" / "installer" / "make-tree").stat().st_mode & 0o111
