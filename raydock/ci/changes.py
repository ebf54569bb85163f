"""Find the variants whose image inputs differ between a commit and the working tree."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from raydock.ci import commit as commits
from raydock.ci.commit import Commit
from raydock.ci.inputs import Inputs, WorkingTree, counted, own, shared
from raydock.core.errors import ConfigurationError
from raydock.core.models import plain
from raydock.core.texttable import with_details
from raydock.model import matrix as matrices
from raydock.model.matrix import Matrix
from raydock.model.variant import parse_name
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned

SCHEMA = 1


class What(StrEnum):
    """How a variant changed."""

    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A variant whose image inputs differ.

    Attributes:
        name: its name.
        what: how it changed.
        parts: the names of the inputs that differ; empty for a new or removed variant.
    """

    name: str
    what: What
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The variants that changed since a commit.

    Attributes:
        since: the full hash of the commit.
        changes: the variants.
    """

    since: str
    changes: tuple[Change, ...]

    def among(self, names: Iterable[str]) -> "Changes":
        """Only the changes of these variants of the plan, so without the removed ones."""
        chosen = set(names)
        return Changes(since=self.since, changes=tuple(change for change in self.changes if change.name in chosen))

    def document(self) -> dict[str, Any]:
        """The document of `plan --changed-since REF --json` (docs/reference/json.md)."""
        return {"schema": SCHEMA, "since": self.since, "variants": plain(self.changes)}

    def lines(self, width: int | None) -> list[str]:
        """The changes as lines for a terminal."""
        if not self.changes:
            return [f"No image differs from what {self.since[:12]} has."]
        rows = [(change.name, change.what, ", ".join(change.parts)) for change in self.changes]
        heading = f"{len(self.changes)} differ from what {self.since[:12]} has:"
        return [heading, *(line for lines in with_details(rows, width) for line in lines)]


def since(project: Project, ref: str) -> Changes:
    """Compare a commit with the working tree.

    Raises ConfigurationError if the folder is not a checkout of raydock or git does not know the commit,
    OutOfReachError if git cannot read the commit, OSError if the disk has no space for temporary files.
    """
    root = project.checkout.root
    commit = commits.find(root, ref)
    if not (root / counted().context["probe"]).is_dir():
        raise ConfigurationError(
            f"{root} does not contain raydock itself, so git does not have the probe and the templates of a commit.",
            todo="run this in a clone of raydock's repository.",
        )
    comparison = _Comparison(project, commit)
    return Changes(since=commit.name, changes=(*comparison.changes(), *comparison.gone()))


def differing(before: Inputs, now: Inputs) -> tuple[str, ...]:
    """The names of the inputs that differ, including those that only one side has."""
    return tuple(part for part in now | before if now.get(part) != before.get(part))


@dataclass(frozen=True)
class _Comparison:
    """Compares a commit with the working tree.

    Attributes:
        project: the project of the working tree.
        commit: the commit.
    """

    project: Project
    commit: Commit

    @cached_property
    def _tree(self) -> WorkingTree:
        return WorkingTree(self.project.checkout.root)

    @cached_property
    def _matrix(self) -> Matrix | None:
        """The commit's matrix.yaml; None if it is invalid for this raydock."""
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
        """The Dockerfiles of the locked variants, rendered now; those in images/ may be out of date."""
        locked = tuple(planned for planned in self.project.plan.variants if self._is_locked(planned))
        return {name: text.encode() for name, text in self.project.dockerfiles(locked).items()}

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        return differing(shared(self.commit), shared(self._tree))

    def changes(self) -> Iterator[Change]:
        """The variants of the plan that are new or whose inputs differ in the commit."""
        for planned in self.project.plan.variants:
            in_commit = self._has_variant(planned.name)
            if in_commit and f"lockfiles/{planned.name}.txt" in self.commit.files:
                if parts := self._parts(planned):
                    yield Change(name=planned.name, what=What.CHANGED, parts=parts)
            elif not in_commit or self._is_locked(planned):
                yield Change(name=planned.name, what=What.NEW)

    def gone(self) -> Iterator[Change]:
        """The locked variants of the commit that the plan does not have."""
        planned = {variant.name for variant in self.project.plan.variants}
        locks = (path for path in sorted(self.commit.files) if path.startswith("lockfiles/") and path.endswith(".txt"))
        names = (path.removeprefix("lockfiles/").removesuffix(".txt") for path in locks)
        return (Change(name=name, what=What.GONE) for name in names if name not in planned and self._has_variant(name))

    def _is_locked(self, planned: Planned) -> bool:
        return self.project.checkout.lock(planned.name).exists()

    def _has_variant(self, name: str) -> bool:
        """Whether the commit's matrix.yaml has a variant; True if that file is invalid for this raydock."""
        with suppress(ConfigurationError):  # a file below lockfiles/ that is not a variant's
            variant = parse_name(name)
            return self._matrix is None or self._matrix.names(variant)
        return False

    def _parts(self, planned: Planned) -> tuple[str, ...]:
        """The names of the inputs of an image that differ."""
        before: Inputs = {"Dockerfile": self.commit.read(f"images/{planned.name}/Dockerfile")}
        now: Inputs = {"Dockerfile": self._dockerfiles.get(planned.name)}
        if self._matrix:
            before |= own(self.commit, self._matrix, planned)
            now |= own(self._tree, self.project.matrix, planned)
        else:
            now["matrix.yaml"] = self._tree.read("matrix.yaml")
        return (*differing(before, now), *self._shared)
