"""From matrix.yaml to published images: lock, render, build, smoke-test, check the contract, scan, publish.

Only what is not done yet is done, so that a run continues one that was interrupted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from raydock.core.errors import RaydockError, VariantError
from raydock.core.outcomes import attempt, split
from raydock.lock import stale
from raydock.model.image import ContainerImage
from raydock.model.report import Status
from raydock.model.result import VariantResult
from raydock.pipeline.pipeline import Pipeline
from raydock.plan.planner import Planned
from raydock.publish.gate import Eligibility
from raydock.publish.output import PublishResult
from raydock.publish.publisher import Publisher
from raydock.publish.store import ReleaseStore
from raydock.registry.errors import RefusedError
from raydock.registry.refusals import RefusalCause
from raydock.scan.scanner import Scanner

Chosen = tuple[Planned, ...]
# By registry: a publisher, or why there is none.
Publishers = Mapping[str, Publisher | RaydockError]
# A registry may refuse to read a repository that does not exist yet, and create it at the first push.
_MAY_BE_NEW = {RefusalCause.LOGIN, RefusalCause.DENIED}


@dataclass(frozen=True, kw_only=True)
class ReleaseOutcome:
    """The outcome of a run.

    Attributes:
        results: the result of each variant until it was published.
        registries: the outcome of publishing to each registry; empty if no variant got that far.
        errors: why a variant is not published, by variant.
    """

    results: tuple[VariantResult, ...]
    registries: Mapping[str, PublishResult | RaydockError]
    errors: Mapping[str, RaydockError]


@dataclass(frozen=True, kw_only=True)
class Releaser:
    """Runs the steps from matrix.yaml to published images.

    Attributes:
        pipeline: locks, renders, builds and tests.
        scanner: makes the scanner, when the first image is scanned.
        eligibility: which images may be published.
        publishers: makes the publishers of variants, one for each registry.
    """

    pipeline: Pipeline
    scanner: Callable[[], Scanner]
    eligibility: Eligibility
    publishers: Callable[[Chosen], Publishers]

    def todo(self, chosen: Chosen) -> dict[str, list[str]]:
        """The steps that a run would do now, by variant. Changes nothing.

        The steps after a lock that is stale are unknown, so all of them are listed.
        """
        project = self.pipeline.project
        reasons = stale.check(project.rule_inputs, project.checkout, [planned.variant for planned in chosen])
        fresh = tuple(planned for planned in chosen if planned.name not in reasons)
        builds = self.eligibility.current(fresh)
        current = {name: build for name, build in builds.items() if not isinstance(build, RaydockError)}
        todo = {}
        for planned in chosen:
            build = current.get(planned.name)
            objections = self._objections(planned, build.image if build else None)
            before = ["lock", "build"] if planned.name in reasons else [] if build else ["build"]
            todo[planned.name] = [*before, *objections]
        published = self._published(tuple(build.planned for name, build in current.items() if not todo[name]))
        return {name: steps if name in published else [*steps, "publish"] for name, steps in todo.items()}

    def run(self, chosen: Chosen) -> ReleaseOutcome:
        """Run all steps that are not done. One variant's failure does not stop the others.

        Raises OutOfReachError if the scanner cannot start.
        """
        results = self.pipeline.images(chosen)
        errors = {result.name: error for result in results if (error := _failure(result))}
        passed = {result.name: result for result in results if result.name not in errors}
        missing = {
            planned.name: self._objections(planned, passed[planned.name].image)
            for planned in chosen
            if planned.name in passed
        }
        errors |= self._contract([passed[name] for name, kinds in missing.items() if "contract" in kinds])
        errors |= self._scan([passed[name] for name, kinds in missing.items() if "scan" in kinds])
        ready = tuple(planned for planned in chosen if planned.name not in errors)
        registries = self._publish(ready) if ready else {}
        for outcome in registries.values():
            errors |= outcome.errors if isinstance(outcome, PublishResult) else {}
        return ReleaseOutcome(results=tuple(results), registries=registries, errors=errors)

    def _objections(self, planned: Planned, image: ContainerImage | None) -> list[str]:
        """The kinds of reports that an image lacks; all if it does not exist."""
        if image is None:
            return ["smoke", *(["contract"] if planned.kuberay else []), "scan"]
        return list(self.eligibility.gate.objections(planned.name, image, kuberay=planned.kuberay))

    def _published(self, chosen: Chosen) -> set[str]:
        """The variants that every registry has already."""
        plans = [attempt(Publisher.plan, publisher) for publisher in self.publishers(chosen).values()] if chosen else []
        unchanged = [set(plan.unchanged) if isinstance(plan, PublishResult) else set() for plan in plans]
        return set.intersection(*unchanged) if unchanged else set()

    def _contract(self, results: list[VariantResult]) -> dict[str, RaydockError]:
        tested = self.pipeline.contract(results) if results else []
        return {result.name: error for result in tested if (error := _failure(result, "smoke --contract"))}

    def _scan(self, results: list[VariantResult]) -> dict[str, RaydockError]:
        """Scan images; returns why a scan failed. What a scan found is judged by the gate."""
        images = {result.name: result.image for result in results if result.image}
        return split(self.scanner().scan(images))[1] if images else {}

    def _publish(self, chosen: Chosen) -> dict[str, PublishResult | RaydockError]:
        return {name: attempt(Publisher.publish, publisher) for name, publisher in self.publishers(chosen).items()}


def refuse_unreachable(stores: Iterable[ReleaseStore]) -> None:
    """Read the release of each registry, before anything is built.

    Raises OutOfReachError or ConfigurationError if one cannot be read.
    """
    for store in stores:
        try:
            store.read()
        except RefusedError as error:
            if error.cause not in _MAY_BE_NEW:
                raise


def _failure(result: VariantResult, command: str = "smoke") -> RaydockError | None:
    """Why a variant failed a step; None if it passed."""
    if result.error or result.passed or result.report is None:
        return result.error
    failed = [f"{check.id}: {check.detail}" for check in result.report.checks if check.status is Status.FAILED]
    return VariantError(
        f"{result.name} is not published: {'; '.join(failed) or 'no check passed'}.",
        todo=f"`./build.py {command} {result.name}` runs the checks again.",
    )
