"""Which variants' images a commit touches: what decides them at that commit, and in the working tree."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from rich.console import RenderableType

from raydock.ci import inputs as ours
from raydock.ci.inputs import Inputs
from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.engine.streams import last_line
from raydock.pipeline.project import Project
from raydock.plan.output import bare_table

SCHEMA = 1
# The module that says what decides an image, in this edition's layout and in the one before it.
_MODULES = ("raydock.ci.inputs", "raydock.inputs")


class What(StrEnum):
    """What became of a variant."""

    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A variant that a commit does not have as the working tree has it; `parts` are those of its recipe that differ."""

    name: str
    what: What
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What differs since a commit, which `since` names in full."""

    since: str
    changes: tuple[Change, ...]

    def among(self, names: Iterable[str]) -> "Changes":
        """Those of variants that the plan has and somebody chose; the gone ones cannot be chosen."""
        chosen = set(names)
        return Changes(since=self.since, changes=tuple(item for item in self.changes if item.name in chosen))

    def document(self) -> dict[str, Any]:
        """`plan --changed-since REF --json` (docs/reference/json.md)."""
        variants = [{"name": item.name, "what": item.what.value, "parts": list(item.parts)} for item in self.changes]
        return {"schema": SCHEMA, "since": self.since, "variants": variants}

    def table(self) -> RenderableType:
        """The same for a terminal."""
        if not self.changes:
            return f"No image differs from what {self.since[:12]} has."
        grid = bare_table(f"{len(self.changes)} differ from what {self.since[:12]} has", "variant", "", "what differs")
        for item in self.changes:
            grid.add_row(item.name, item.what, ", ".join(item.parts))
        return grid


def compare(before: Inputs, now: Inputs) -> tuple[Change, ...]:
    """The variants whose inputs differ, in the order of `now`, and then those that are gone."""
    found = []
    for name, parts in now.items():
        if name not in before:
            found.append(Change(name=name, what=What.NEW))
        elif differing := [part for part in parts | before[name] if parts.get(part) != before[name].get(part)]:
            found.append(Change(name=name, what=What.CHANGED, parts=tuple(differing)))
    return (*found, *(Change(name=name, what=What.GONE) for name in before if name not in now))


def since(project: Project, ref: str) -> Changes:
    """What differs between a commit and the working tree.

    Raises ConfigurationError where the checkout is none of git's, has no such commit, or that commit is too old to say;
    OutOfReachError where there is no room for a copy of it.
    """
    commit = _commit(project.checkout.root, ref)
    try:
        with tempfile.TemporaryDirectory(prefix="raydock-") as folder:
            _unpack(project.checkout.root, commit, Path(folder))
            before = _inputs_at(ref, Path(folder))
    except OSError as error:
        raise OutOfReachError(
            f"{ref} could not be unpacked in {tempfile.gettempdir()}: {error.strerror or error}.",
            todo="free some space, or name another folder by TMPDIR.",
        ) from None
    return Changes(since=commit, changes=compare(before, ours.inputs(project)))


def _commit(root: Path, ref: str) -> str:
    if not shutil.which("git"):
        raise ConfigurationError("git is not on PATH, and it alone knows what a commit holds.", todo="install git.")
    place = _git(root, "rev-parse", "--git-dir")
    if place.returncode:
        raise ConfigurationError(
            f"{root} is not a git checkout, so that there is no commit to compare with.",
            meaning=place.stderr.decode(errors="replace").strip(),
            todo="run this in a clone of raydock's repository.",
        )
    done = _git(root, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if done.returncode:
        raise ConfigurationError(
            f"git knows no commit {ref!r} here.",
            todo="`git log` shows those that it knows; in a shallow clone, `git fetch --unshallow` brings the others.",
        )
    return done.stdout.decode().strip()


def _unpack(root: Path, commit: str, folder: Path) -> None:
    """The commit's files of a checkout's folder, which need not be the repository's top."""
    archive = folder / "checkout.zip"
    done = _git(root, "archive", "-0", f"--output={archive}", commit)
    if done.returncode:
        raise OSError(done.stderr.decode(errors="replace").strip())
    with ZipFile(archive) as file:
        file.extractall(folder)


def _inputs_at(ref: str, folder: Path) -> Inputs:
    """What decided each image at a commit, by the code of that commit, which alone renders as it did.

    Raises ConfigurationError if that code is too old, or fails.
    """
    module = next((name for name in _MODULES if (folder / f"{name.replace('.', '/')}.py").exists()), None)
    if module is None:
        raise ConfigurationError(
            f"raydock at {ref} is too old to compare with: it cannot list what its images are made of.",
            todo="name a newer commit.",
        )
    done = subprocess.run(
        [sys.executable, "-m", module, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        why = last_line(done.stderr.decode(errors="replace")) or "no output"
        raise ConfigurationError(
            f"{ref} cannot say what its images were made of: {why}",
            meaning="The code of that commit runs with the packages that are installed now.",
            todo="name a newer commit.",
        )
    found: Inputs = json.loads(done.stdout)
    return found


def _git(root: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)
