"""The main job: lock what is stale, render, build what is not built, test what is not tested."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import docker

from raydock.builder import render
from raydock.builder.debs import locker as deb_locker
from raydock.builder.schedule import Builder
from raydock.contract import image_set
from raydock.contract.image_set import SetReport
from raydock.contract.run import contract
from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.core.parallel import in_parallel
from raydock.engine.container import stop_all, sweep
from raydock.lock import locker
from raydock.model import report as reports
from raydock.model.result import VariantResult
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned
from raydock.smoke.gpus import AUTO, GpuRequest
from raydock.smoke.smoke import smoke


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Runs the steps of the main job for variants of one project."""

    project: Project
    client: docker.DockerClient
    builder: Builder
    listener: Listener
    jobs: int

    def images(self, chosen: tuple[Planned, ...]) -> list[VariantResult]:
        """Takes every variant through all steps; one that fails does not stop the others."""
        failed = self.prepare(chosen)
        ready = tuple(item for item in chosen if item.name not in failed)
        outcomes = {outcome.name: outcome for outcome in self.prove(self.builder.build(ready))}
        return [outcomes.get(item.name) or VariantResult(name=item.name, error=failed[item.name]) for item in chosen]

    def prepare(self, chosen: tuple[Planned, ...]) -> dict[str, RaydockError]:
        """Locks what is stale and renders what differs; returns the variants that could not be locked."""
        project = self.project
        variants = [item.variant for item in chosen]
        failed = self._lock_debs(chosen)
        variants = [variant for variant in variants if variant.name not in failed]
        stale = {item.name for item in locker.check(project.rule_inputs, project.checkout, variants)}
        if stale:
            wanted = [variant for variant in variants if variant.name in stale]
            locked = locker.lock(
                project.rule_inputs,
                project.checkout,
                wanted,
                siblings=project.variants,
                jobs=self.jobs,
                on_event=self.listener,
            )
            failed |= {item.name: item.error for item in locked if item.error}
        rest = tuple(item for item in chosen if item.name not in failed)
        for name in render.write(project.checkout, project.dockerfiles(rest)):
            self.listener(name, f"rendered images/{name}/Dockerfile")
        return failed

    def _lock_debs(self, chosen: tuple[Planned, ...]) -> dict[str, RaydockError]:
        """Locks the Debian packages that are stale; returns the variants whose packages could not be locked."""
        project, variants = self.project, [item.variant for item in chosen]
        if not deb_locker.check(project.matrix, project.checkout, variants):
            return {}
        locked = deb_locker.DebLocker(
            matrix=project.matrix,
            checkout=project.checkout,
            bundle=self.builder.secrets.bundle,
            listener=self.listener,
            pulled=self.builder.apt,
        ).lock(variants)
        errors = {item.name: item.error for item in locked if item.error}
        found: dict[str, RaydockError] = {}
        for variant in variants:
            for request in deb_locker.requests(project.matrix, project.checkout, [variant]):
                if error := errors.get(request.name):
                    found.setdefault(variant.name, error)
        return found

    def prove(self, built: list[VariantResult]) -> list[VariantResult]:
        """Smoke-tests the images that have no passing report yet."""
        return self._all(built, self._prove_once)

    def prove_anew(
        self, built: list[VariantResult], wish: GpuRequest = AUTO, checks: Collection[str] = ()
    ) -> list[VariantResult]:
        """Smoke-tests images, tested before or not: every check, or those of `checks`; GPUs as `wish` says."""
        return self._all(built, lambda item: self._prove(item, wish, checks))

    def _all(self, built: list[VariantResult], prove: Callable[[VariantResult], VariantResult]) -> list[VariantResult]:
        sweep(self.client)
        return in_parallel(prove, built, self.jobs, lambda: stop_all(self.client))

    def contract(self, built: list[VariantResult]) -> list[VariantResult]:
        """Asks KubeRay's contract of images, one after another: its clauses have time limits of their own."""
        sweep(self.client)
        return [self._contract(item) for item in built]

    def whole_set(self, outcomes: list[VariantResult]) -> SetReport | None:
        """Asks what holds of the built ones among these together; None where there are not two."""
        images = {item.name: item.image_id for item in outcomes if item.image_id}
        if len(images) < 2:
            return None
        found = image_set.check_set(self.client, images, self.listener)
        image_set.save(found, self.project.checkout.report("set", "contract"))
        return found

    def _contract(self, item: VariantResult) -> VariantResult:
        if item.image is None:
            return item
        try:
            found = contract(
                self.client,
                item.image.id,
                name=item.name,
                fingerprint=item.fingerprint,
                jobs=self.jobs,
                on_event=self.listener,
            )
        except RaydockError as error:
            return replace(item, proved=True, error=error)
        reports.save(found, self.project.checkout.report(item.name, "contract"))
        return replace(item, proved=True, report=found)

    def _prove_once(self, item: VariantResult) -> VariantResult:
        known = reports.load(self.project.checkout.report(item.name))
        if item.image and known and known.passed and known.content == item.image.content:
            return replace(item, report=known)
        return self._prove(item)

    def _prove(self, item: VariantResult, wish: GpuRequest = AUTO, checks: Collection[str] = ()) -> VariantResult:
        if item.image is None:
            return item
        try:
            found = smoke(
                self.client,
                item.image.id,
                name=item.name,
                fingerprint=item.fingerprint,
                checks=tuple(checks) or None,
                on_event=self.listener,
                request=wish,
                outputs=self.project.checkout.report(item.name).with_name("output"),
            )
        except RaydockError as error:
            return replace(item, proved=True, error=error)
        if not checks:  # a part of the checks is no proof of an image
            reports.save(found, self.project.checkout.report(item.name))
        return replace(item, proved=True, report=found)
