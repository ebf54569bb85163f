"""Add versions to the axes of matrix.yaml."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from raydock.add.edit import MatrixText
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.core.events import Listener
from raydock.core.files import write_whole
from raydock.index import releases
from raydock.index.client import Index
from raydock.lock import stale
from raydock.lock.stale import StaleLocks
from raydock.model import facts as facts_file
from raydock.model import matrix as matrix_file
from raydock.model.facts import PROJECTS, Facts
from raydock.model.matrix import Matrix
from raydock.model.variant import Axis
from raydock.plan import planner
from raydock.plan.planner import Excluded, Planned
from raydock.plan.rules.verdict import RuleInputs
from raydock.plan.text import by_reason

Versions = Sequence[tuple[Axis, str]]


@dataclass(frozen=True, kw_only=True)
class Addition:
    """Versions for matrix.yaml, and what they change.

    Attributes:
        checkout: the checkout with the matrix.
        versions: the new versions with their axes.
        text: the new text of matrix.yaml.
        before: the matrix without them.
        matrix: the matrix with them.
        facts: the facts about all releases of the matrix.
        read: the releases that were new or changed in the index.
        possible: the variants that become possible.
        impossible: the new points that cannot exist.
        stale: why locks are missing or stale, by variant.
    """

    checkout: Checkout
    versions: Versions
    text: str
    before: Matrix
    matrix: Matrix
    facts: Facts
    read: tuple[str, ...]
    possible: tuple[Planned, ...]
    impossible: tuple[Excluded, ...]
    stale: StaleLocks

    def write(self) -> None:
        """Write facts.json and matrix.yaml."""
        write_whole(self.checkout.facts, facts_file.dump(self.facts))
        write_whole(self.checkout.matrix, self.text)


@dataclass(frozen=True, kw_only=True)
class Adder:
    """Finds out what versions change.

    Attributes:
        checkout: the checkout with the matrix.
        facts: the known facts.
        index: the package index.
        today: this day.
        listener: gets the name of each release that is read.
    """

    checkout: Checkout
    facts: Facts
    index: Index
    today: date
    listener: Listener

    def add(self, versions: Versions) -> Addition:
        """Add versions to the matrix. Nothing is written.

        The cut-off day moves to the upload of a version's last wheel if that is later, and the timestamp stays. Raises
        ConfigurationError if the matrix has all versions, or no variant becomes possible; OutOfReachError if the index
        cannot be read.
        """
        path = self.checkout.matrix
        before = matrix_file.load(path)
        missing = tuple((axis, value) for axis, value in versions if value not in before.axes[axis])
        if not missing:
            raise _present(versions)
        text, after = self._with_values(before, missing)
        offered = releases.survey(after, self.index)
        keys = [(project, value) for project, axis in PROJECTS.items() for added, value in missing if added == axis]
        cutoff = max((day for key in keys if (day := offered.uploaded(key))), default=before.cutoff)
        if cutoff > before.cutoff:
            text = text.with_cutoff(cutoff, before.timestamp)
            after = matrix_file.load(path, text.text)
        return self._consequences(missing, before, after, text.text, offered)

    def _with_values(self, before: Matrix, versions: Versions) -> tuple[MatrixText, Matrix]:
        """The text and the matrix with the versions.

        Raises ConfigurationError if it does not have exactly them, because it uses YAML's anchors.
        """
        text, values = MatrixText(before.path.read_text(encoding="utf-8")), dict(before.axes)
        for axis, value in versions:
            text = text.with_value(axis, value, values[axis])
            values[axis] = (*values[axis], value)
        after = matrix_file.load(before.path, text.text)
        if after.axes != values:
            raise ConfigurationError(
                f"{before.path} uses anchors of YAML, and only the versions themselves can be added.",
                todo=f"add {_listed(versions)} to `axes` by hand, then run `./build.py facts`.",
            )
        return text, after

    def _consequences(
        self, versions: Versions, before: Matrix, after: Matrix, text: str, offered: releases.OfferedReleases
    ) -> Addition:
        changed = offered.changes(self.facts)
        facts = offered.refresh(self.facts, self.today, lambda name: self.listener(name, "read"))
        plan, known = planner.make(after, facts, self.today), planner.make(before, facts, self.today)
        old = {planned.variant for planned in known.variants} | {point.variant for point in known.excluded}
        possible = tuple(planned for planned in plan.variants if planned.variant not in old)
        impossible = tuple(point for point in plan.excluded if point.variant not in old)
        if not possible:
            raise _nothing_possible(versions, impossible)
        variants = [planned.variant for planned in plan.variants]
        return Addition(
            checkout=self.checkout,
            versions=versions,
            text=text,
            before=before,
            matrix=after,
            facts=facts,
            read=tuple(f"{project} {version}" for project, version in changed),
            possible=possible,
            impossible=impossible,
            stale=stale.check(RuleInputs(after, facts), self.checkout, variants),
        )


def _listed(versions: Iterable[tuple[Axis, str]]) -> str:
    return ", ".join(f"{axis} {value}" for axis, value in versions)


def _present(versions: Versions) -> ConfigurationError:
    (axis, value), *_ = versions
    return ConfigurationError(
        f"matrix.yaml has {_listed(versions)} already.",
        todo=f"`./build.py plan --select {axis}={value}` shows the variants.",
    )


def _nothing_possible(versions: Versions, impossible: tuple[Excluded, ...]) -> ConfigurationError:
    groups = by_reason(impossible)
    return ConfigurationError(
        f"No variant with {_listed(versions)} can exist, so matrix.yaml stays as it is.",
        meaning="\n".join(f"{len(group)} x {group[0].verdict.reason}" for group in groups),
        todo="add what is missing in the same command, such as `./build.py add vllm 0.33.0 torch 2.14.0`;"
        f" `./build.py plan --explain {groups[0][0].variant}` shows each rule.",
    )
