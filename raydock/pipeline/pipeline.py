"""The main job: lock, render, build and smoke-test.

Only what is stale is locked, and only what is not built or tested is built and tested.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from raydock.builder import render
from raydock.builder.debs import locker as deb_locker
from raydock.builder.schedule import Builder
from raydock.contract import image_set
from raydock.contract.run import contract
from raydock.core.errors import RaydockError
from raydock.core.events import WAITING, Span, queue
from raydock.core.parallel import in_parallel
from raydock.engine.cleanup import stop_all, sweep
from raydock.lock import locker, stale
from raydock.model import report as reports
from raydock.model.report import Report, SetReport
from raydock.model.result import VariantResult
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned
from raydock.smoke.gpus import AUTO, GpuRequest
from raydock.smoke.smoke import smoke


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Runs the steps of the main job for the variants of a project.

    Attributes:
        project: the checkout with its matrix, facts and plan.
        builder: builds the images. Its engine, its listener and its number of jobs are also those of the tests.
    """

    project: Project
    builder: Builder

    def images(self, chosen: tuple[Planned, ...]) -> list[VariantResult]:
        """Run all steps for each variant. One failure does not stop the others."""
        failed = self.prepare(chosen)
        locked = tuple(planned for planned in chosen if planned.name not in failed)
        results = {result.name: result for result in self.smoke_untested(self.builder.build(locked))}
        names = [planned.name for planned in chosen]
        return [results.get(name) or VariantResult(name=name, error=failed[name]) for name in names]

    def prepare(self, chosen: tuple[Planned, ...]) -> dict[str, RaydockError]:
        """Lock what is stale and render what changed.

        Returns the errors of variants that could not be locked.
        """
        project = self.project
        failed = self._lock_debs(chosen)
        variants = [planned.variant for planned in chosen if planned.name not in failed]
        reasons = stale.check(project.rule_inputs, project.checkout, variants)
        if reasons:
            stale_variants = [variant for variant in variants if variant.name in reasons]
            locked = locker.lock(
                project.rule_inputs,
                project.checkout,
                stale_variants,
                siblings=project.variants,
                jobs=self.builder.jobs,
                on_event=self.builder.listener,
            )
            failed |= {result.name: result.error for result in locked if result.error}
        rest = tuple(planned for planned in chosen if planned.name not in failed)
        for name in render.write(project.checkout, project.dockerfiles(rest)):
            self.builder.listener(name, f"rendered images/{name}/Dockerfile")
        return failed

    def _lock_debs(self, chosen: tuple[Planned, ...]) -> dict[str, RaydockError]:
        """Lock stale Debian packages.

        Returns the errors of variants whose packages could not be locked.
        """
        project, variants = self.project, [planned.variant for planned in chosen]
        if not deb_locker.check(project.matrix, project.checkout, variants):
            return {}
        locked = deb_locker.DebLocker(
            matrix=project.matrix,
            checkout=project.checkout,
            bundle=self.builder.secrets.bundle,
            listener=self.builder.listener,
            pulled=self.builder.bases.apt,
        ).lock(variants)
        errors = {result.name: result.error for result in locked if result.error}
        failed: dict[str, RaydockError] = {}
        for variant in variants:
            for request in deb_locker.requests(project.matrix, project.checkout, [variant]):
                if error := errors.get(request.name):
                    failed.setdefault(variant.name, error)
        return failed

    def smoke_untested(self, built: list[VariantResult]) -> list[VariantResult]:
        """Smoke-test the images that do not have a passing report yet."""
        return self._smoke_in_parallel(built, lambda result: self._passed_before(result) or self._smoke(result))

    def smoke_all(
        self, built: list[VariantResult], gpus: GpuRequest = AUTO, checks: Collection[str] = ()
    ) -> list[VariantResult]:
        """Smoke-test images, also those already tested.

        Runs every check, or only `checks`, on the requested GPUs.
        """
        return self._smoke_in_parallel(built, lambda result: self._smoke(result, gpus, checks))

    def _smoke_in_parallel(
        self, built: list[VariantResult], test: Callable[[VariantResult], VariantResult]
    ) -> list[VariantResult]:
        sweep(self.builder.client)
        queued = queue(self.builder.listener, [result.name for result in built])

        def test_one(result: VariantResult) -> VariantResult:
            self.builder.listener(result.name, WAITING, ran=Span.since(queued))
            tested = test(result)
            self.builder.listener(result.name, tested.outcome, final=True)
            return tested

        return in_parallel(test_one, built, self.builder.jobs, lambda: stop_all(self.builder.client))

    def contract(self, built: list[VariantResult]) -> list[VariantResult]:
        """Check KubeRay's contract for images, one at a time.

        The clauses have time limits.
        """
        sweep(self.builder.client)
        report = self.project.checkout.report
        queue(self.builder.listener, [result.name for result in built])

        def test_one(result: VariantResult) -> VariantResult:
            path = report(result.name, "contract")
            tested = self._test(result, path, partial(contract, jobs=self.builder.jobs))
            self.builder.listener(result.name, tested.outcome, final=True)
            return tested

        return list(map(test_one, built))

    def check_set(self, results: list[VariantResult]) -> SetReport | None:
        """Check the clauses of the contract that compare the built images.

        Returns None for fewer than two.
        """
        images = {result.name: result.image_id for result in results if result.image_id}
        if len(images) < 2:
            return None
        report = image_set.check_set(self.builder.client, images, self.builder.listener)
        reports.save(report, self.project.checkout.report("set", "contract"))
        return report

    def _passed_before(self, result: VariantResult) -> VariantResult | None:
        """The result with the report on the same image that passed; None if there is none."""
        known = reports.load(self.project.checkout.report(result.name))
        if result.image and known and known.passed and known.content == result.image.content:
            return replace(result, report=known)
        return None

    def _smoke(self, result: VariantResult, gpus: GpuRequest = AUTO, checks: Collection[str] = ()) -> VariantResult:
        path = self.project.checkout.report(result.name)
        test = partial(smoke, checks=tuple(checks) or None, request=gpus, outputs=path.with_name("output"))
        # A report of some checks does not say that the image passed all.
        return self._test(result, None if checks else path, test)

    def _test(self, result: VariantResult, path: Path | None, test: Callable[..., Report]) -> VariantResult:
        """The result with the report of a test, which is saved at `path`, or with the error."""
        if result.image is None:
            return result
        try:
            report = test(
                self.builder.client,
                result.image.id,
                name=result.name,
                fingerprint=result.fingerprint,
                on_event=self.builder.listener,
            )
        except RaydockError as error:
            return replace(result, tested=True, error=error)
        if path:
            reports.save(report, path)
        return replace(result, tested=True, report=report)
