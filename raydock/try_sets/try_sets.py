"""Build and smoke-test the newest sets of versions on the CPU, in a project of their own."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from raydock.core.checkout import Checkout
from raydock.core.errors import SelectionError, first_line
from raydock.core.events import Listener
from raydock.core.files import write_whole
from raydock.core.yamlfile import read_own
from raydock.model.report import Status
from raydock.model.result import VariantResult
from raydock.model.tested import TestedSet
from raydock.model.variant import Axis, Variant
from raydock.pipeline.create import clean_variants, create_pipeline
from raydock.pipeline.project import Project
from raydock.plan.suggest import HostNeeds, suggest

# What the sets have of the project's matrix.yaml.
_KEPT = ("registry", "bases", "packages", "debs")


@dataclass(frozen=True, kw_only=True)
class SetTester:
    """Tests sets of versions on this engine.

    Attributes:
        project: the project whose bases and packages the sets have.
        listener: gets progress messages.
        jobs: how many variants are processed in parallel.
        bundle: certificates that builds trust; None for those of the environment.
        today: the cut-off day of the sets' packages.
    """

    project: Project
    listener: Listener
    jobs: int
    bundle: Path | None = None
    today: date

    def newest(self, count: int) -> list[Variant]:
        """The sets of the newest `count` releases of Ray for each Python of a base."""
        found: list[Variant] = []
        for base in self.project.matrix.bases:
            try:
                suggestions = suggest(HostNeeds(needs=Axis.RAY, python=base.python), self.project.rule_inputs)
            except SelectionError:
                continue
            found += [suggestion.variant for suggestion in suggestions.found[:count]]
        return found

    def run(self, sets: Sequence[Variant]) -> dict[str, TestedSet]:
        """Build and smoke-test sets; returns the results by name. Their images are removed."""
        names = {variant.name for variant in sets}
        project = self._project(sets)
        chosen = tuple(planned for planned in project.plan.variants if planned.name in names)
        results = create_pipeline(project, self.listener, self.jobs, self.bundle).images(chosen)
        clean_variants(project, chosen)
        return {result.name: TestedSet(tested=self.today, failure=_failure(result)) for result in results}

    def _project(self, sets: Sequence[Variant]) -> Project:
        """A project in the work folder with these sets, and with the facts and base locks of this one."""
        own = self.project.checkout
        checkout = Checkout(own.work / "try-sets")
        kept: dict[str, Any] = {key: value for key, value in read_own(own.matrix).tree.items() if key in _KEPT}
        axes = {axis.value: list(dict.fromkeys(getattr(each, axis) for each in sets)) for axis in Axis}
        days = {"cutoff": self.today.isoformat(), "timestamp": self.project.matrix.timestamp.isoformat()}
        kept["registry"] += "-try-sets"
        shutil.rmtree(checkout.lockfiles, ignore_errors=True)
        write_whole(checkout.matrix, yaml.safe_dump({**kept, **days, "axes": axes}, sort_keys=False))
        for path in (own.facts, *own.lockfiles.glob("*.debs")):
            write_whole(checkout.lockfiles / path.name, path.read_text(encoding="utf-8"))
        return Project(checkout)


def _failure(result: VariantResult) -> str:
    """What failed, in one line; empty if the set passed."""
    if result.error:
        return first_line(result.error.what, "it failed")
    checks = result.report.checks if result.report else ()
    failed = [f"{check.id}: {check.detail}" for check in checks if check.status is Status.FAILED]
    return first_line("; ".join(failed), "") if failed else ""
