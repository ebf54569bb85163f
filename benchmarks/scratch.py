"""A separate checkout for a bench, with its own matrix."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks.bench import ROOT
from raydock.core.checkout import Checkout
from raydock.pipeline.project import Project


def project(root: Path, axes: Mapping[str, Sequence[str]]) -> Project:
    """Make a checkout in `root` with raydock's templates, matrix and bases, but other axes, without facts and locks."""
    root.mkdir(parents=True)
    shutil.copytree(ROOT / "templates", root / "templates")
    document = yaml.safe_load((ROOT / "matrix.yaml").read_text(encoding="utf-8"))
    document |= {"axes": {axis: list(values) for axis, values in axes.items()}}
    document |= {"points": [], "groups": {}, "exclude": []}
    (root / "matrix.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    (root / "lockfiles").mkdir()
    for lock in (ROOT / "lockfiles").glob("*.debs"):
        shutil.copy2(lock, root / "lockfiles")
    return Project(Checkout(root))
