"""Which variants' images differ between a commit and the working tree, and in which parts of what decides them."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from raydock.ci import commit as commits
from raydock.ci.commit import Commit
from raydock.ci.inputs import CONTEXT, Inputs, WorkingTree, own, shared
from raydock.core.errors import ConfigurationError
from raydock.model import matrix as matrices
from raydock.model.matrix import Matrix
from raydock.model.variant import parse_name
from raydock.pipeline.project import Project
from raydock.plan.output import bare_table
from raydock.plan.planner import Planned

SCHEMA = 1


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


def since(project: Project, ref: str) -> Changes:
    """What differs between a commit and the working tree.

    Raises ConfigurationError if the folder is not raydock's own checkout or git knows no such commit, OutOfReachError
    if git cannot read it, OSError if there is no room for temporary files.
    """
    root = project.checkout.root
    commit = commits.find(root, ref)
    if not (root / CONTEXT["probe"]).is_dir():
        raise ConfigurationError(
            f"{root} does not hold raydock itself, so that git cannot tell which probe and templates a commit had.",
            todo="run this in a clone of raydock's repository.",
        )
    comparison = _Comparison(project, commit)
    return Changes(since=commit.name, changes=(*comparison.changes(), *comparison.gone()))


def differing(before: Inputs, now: Inputs) -> tuple[str, ...]:
    """The names of the parts that differ, those that only one side has among them."""
    return tuple(part for part in now | before if now.get(part) != before.get(part))


@dataclass(frozen=True)
class _Comparison:
    """A commit and the working tree of a project."""

    project: Project
    commit: Commit

    @cached_property
    def _tree(self) -> WorkingTree:
        return WorkingTree(self.project.checkout.root)

    @cached_property
    def _matrix(self) -> Matrix | None:
        """The commit's matrix.yaml; None if this raydock refuses it."""
        text = self.commit.read("matrix.yaml")
        if text == self._tree.read("matrix.yaml"):
            return self.project.matrix
        with tempfile.TemporaryDirectory(prefix="raydock-") as folder, suppress(ConfigurationError):
            path = Path(folder, "matrix.yaml")
            path.write_bytes(text or b"")
            return matrices.load(path)
        return None

    @cached_property
    def _dockerfiles(self) -> dict[str, bytes]:
        """The Dockerfiles of the locked variants as they are rendered now, which those in images/ may not be."""
        locked = tuple(item for item in self.project.plan.variants if self._locked(item))
        return {name: text.encode() for name, text in self.project.dockerfiles(locked).items()}

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        return differing(shared(self.commit), shared(self._tree))

    def changes(self) -> Iterator[Change]:
        """The variants of the plan that the commit has otherwise or not at all."""
        for planned in self.project.plan.variants:
            known = self._names(planned.name)
            if known and f"lockfiles/{planned.name}.txt" in self.commit.files:
                if parts := self._parts(planned):
                    yield Change(name=planned.name, what=What.CHANGED, parts=parts)
            elif not known or self._locked(planned):
                yield Change(name=planned.name, what=What.NEW)

    def gone(self) -> Iterator[Change]:
        """The locked variants of the commit that the plan does not have."""
        planned = {item.name for item in self.project.plan.variants}
        locks = (path for path in sorted(self.commit.files) if path.startswith("lockfiles/") and path.endswith(".txt"))
        names = (path.removeprefix("lockfiles/").removesuffix(".txt") for path in locks)
        return (Change(name=name, what=What.GONE) for name in names if name not in planned and self._names(name))

    def _locked(self, planned: Planned) -> bool:
        return self.project.checkout.lock(planned.name).exists()

    def _names(self, name: str) -> bool:
        """Whether the commit's matrix.yaml names a variant, or may do so."""
        with suppress(ConfigurationError):  # a file below lockfiles/ that is not a variant's
            variant = parse_name(name)
            return self._matrix is None or self._matrix.names(variant)
        return False

    def _parts(self, planned: Planned) -> tuple[str, ...]:
        """The parts that differ of what decides an image."""
        before: Inputs = {"Dockerfile": self.commit.read(f"images/{planned.name}/Dockerfile")}
        now: Inputs = {"Dockerfile": self._dockerfiles.get(planned.name)}
        if self._matrix:
            before |= own(self.commit, self._matrix, planned)
            now |= own(self._tree, self.project.matrix, planned)
        else:
            now["matrix.yaml"] = self._tree.read("matrix.yaml")
        return (*differing(before, now), *self._shared)
