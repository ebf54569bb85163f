"""The publishing gate: decide which variants may be published.

They must be built here and up to date with the checkout, and the smoke, contract and scan reports of this exact build
must all have passed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from raydock.builder.basemaker import BaseImage, existing
from raydock.builder.baserecipe import recipe_for
from raydock.builder.recipe import Recipe
from raydock.builder.schedule import Builder
from raydock.core.checkout import Checkout
from raydock.core.errors import NotBuiltError, PolicyError, RaydockError, VariantError
from raydock.core.models import plain
from raydock.core.outcomes import attempt
from raydock.model import lock as locks
from raydock.model import report as reports
from raydock.model.image import ContainerImage
from raydock.model.lock import Lock
from raydock.model.policy import Policy
from raydock.model.report import Report, Status
from raydock.plan.planner import Planned
from raydock.publish.release import immutable_tag
from raydock.scan import report as scans
from raydock.scan.report import ScanReport

SMOKE, CONTRACT, SCAN, PROVENANCE = "smoke.json", "contract.json", "scan.json", "provenance.json"
# The kind (artifactType) of each file that is attached; the SBOMs' and in-toto's are registered media types.
KINDS = {
    SMOKE: "application/vnd.raydock.smoke.v1+json",
    CONTRACT: "application/vnd.raydock.contract.v1+json",
    SCAN: "application/vnd.raydock.scan.v1+json",
    PROVENANCE: "application/vnd.in-toto+json",
    "sbom.cdx.json": "application/vnd.cyclonedx+json",
    "sbom.spdx.json": "application/spdx+json",
}
_COMMANDS = {"smoke": "smoke", "contract": "smoke --contract", "scan": "scan"}


@dataclass(frozen=True, kw_only=True)
class BuildEvidence:
    """The reports that let an image through the gate.

    Attributes:
        reports: their content for release.json, by kind.
        files: the files that are attached to the image, by name.
    """

    reports: dict[str, Any]
    files: dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What publishing requires of a build.

    Attributes:
        checkout: where the reports are.
        policy: the rules of scan.yaml.
        today: the day on which the expiry of ignores is checked.
        allow_unscanned: whether an image passes that could not be scanned.
    """

    checkout: Checkout
    policy: Policy
    today: date
    allow_unscanned: bool = False

    def check(self, name: str, image: ContainerImage, *, kuberay: bool = True) -> BuildEvidence:
        """Check the reports of a variant's newest image.

        Only an image for KubeRay needs a contract report.

        Raises PolicyError, with every reason, if a report is missing, is of a different build, or failed.
        """
        loaded, scan = self._reports(name, kuberay=kuberay)
        if objections := self._reasons(loaded, scan, image):
            commands = (f"`./build.py {_COMMANDS[kind]} {name}`" for kind in objections)
            raise PolicyError(
                f"{name} is not published: {'; '.join(objections.values())}.",
                todo=f"{', '.join(commands)}, then publish again.",
            )
        assert scan
        paths = [self.checkout.report(name, kind) for kind in (*loaded, "scan")]
        paths += scans.sboms(scan, self.checkout.report(name, "scan")).values()
        summaries = {kind: {"checks": plain(report.checks)} for kind, report in loaded.items() if report}
        return BuildEvidence(
            reports=summaries | {"scan": _scan_summary(scan)}, files={path.name: path.read_bytes() for path in paths}
        )

    def objections(self, name: str, image: ContainerImage, *, kuberay: bool = True) -> dict[str, str]:
        """Why the reports on an image do not let it be published, by the kind of report."""
        return self._reasons(*self._reports(name, kuberay=kuberay), image)

    def _reasons(
        self, loaded: Mapping[str, Report | None], scan: ScanReport | None, image: ContainerImage
    ) -> dict[str, str]:
        reasons = {kind: _objection(report, image, kind) for kind, report in loaded.items()}
        reasons["scan"] = self._scan_objection(scan, image)
        return {kind: reason for kind, reason in reasons.items() if reason}

    def _reports(self, name: str, *, kuberay: bool) -> tuple[dict[str, Report | None], ScanReport | None]:
        kinds = ("smoke", "contract") if kuberay else ("smoke",)
        loaded = {kind: reports.load(self.checkout.report(name, kind)) for kind in kinds}
        return loaded, scans.load(self.checkout.report(name, "scan"))

    def _scan_objection(self, scan: ScanReport | None, image: ContainerImage) -> str:
        if scan is None:
            return "it has no scan report"
        if self.allow_unscanned:
            scan = replace(scan, judgement=replace(scan.judgement, missing=""))
        return scan.objection(image, self.policy, self.today)


@dataclass(frozen=True, kw_only=True)
class CurrentBuild:
    """A variant whose newest build is up to date with the checkout.

    Attributes:
        planned: the variant in the plan.
        image: its image on the engine.
        recipe: the inputs that the image was built from.
        base: the base image that it was built on.
    """

    planned: Planned
    image: ContainerImage
    recipe: Recipe
    base: BaseImage


@dataclass(frozen=True, kw_only=True)
class PublishableBuild(CurrentBuild):
    """A variant whose newest build may be published.

    Attributes:
        lock: its locked packages.
        evidence: the reports and files that the gate checked.
    """

    lock: Lock
    evidence: BuildEvidence

    @property
    def name(self) -> str:
        return self.planned.name

    @property
    def tag(self) -> str:
        """The immutable tag."""
        return immutable_tag(self.name, self.recipe.fingerprint)


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """Checks which builds of one engine may be published.

    Attributes:
        builder: finds images and computes fingerprints.
        gate: checks the reports of an image.
    """

    builder: Builder
    gate: Gate

    def check(self, chosen: Iterable[Planned]) -> dict[str, PublishableBuild | RaydockError]:
        """The builds that may be published, by variant name.

        For each other variant, the reason as an error.
        """
        return {name: attempt(self._publishable, build) for name, build in self.current(chosen).items()}

    def current(self, chosen: Iterable[Planned]) -> dict[str, CurrentBuild | RaydockError]:
        """The builds that are up to date with the checkout, by variant name.

        For each other variant, the reason as an error.
        """
        chosen, matrix, checkout = tuple(chosen), self.builder.matrix, self.builder.checkout
        images = self.builder.built(planned.name for planned in chosen)
        refs = {planned.name: recipe_for(matrix, planned.variant, checkout).ref for planned in chosen}
        bases = existing(self.builder.client, set(refs.values()))

        def check(planned: Planned) -> CurrentBuild:
            return self._current(planned, images.get(planned.name), bases.get(refs[planned.name]))

        return {planned.name: attempt(check, planned) for planned in chosen}

    def _current(self, planned: Planned, image: ContainerImage | None, base: BaseImage | None) -> CurrentBuild:
        if image is None:
            raise NotBuiltError(planned.name, command="images")
        recipe = self.builder.recipe(planned, base) if base else None
        if base is None or recipe is None or image.fingerprint != recipe.fingerprint:
            raise VariantError(
                f"{planned.name} on this engine is out of date with the checkout.",
                meaning="Its lock, its templates, its base or raydock changed after it was built.",
                todo=f"`./build.py images {planned.name}`.",
            )
        return CurrentBuild(planned=planned, image=image, recipe=recipe, base=base)

    def _publishable(self, build: CurrentBuild) -> PublishableBuild:
        evidence = self.gate.check(build.planned.name, build.image, kuberay=build.planned.kuberay)
        lock = locks.load(self.builder.checkout.lock(build.planned.name))
        return PublishableBuild(**vars(build), lock=lock, evidence=evidence)


def _objection(report: Report | None, image: ContainerImage, kind: str) -> str:
    if report is None:
        return f"it has no {kind} report"
    if not report.is_of(image):
        return f"its {kind} report is of a different build"
    if report.passed:
        return ""
    failed = [f"{check.id}: {check.detail}" for check in report.checks if check.status is Status.FAILED]
    return f"{kind} failed ({'; '.join(failed) or 'no check passed'})"


def _scan_summary(scan: ScanReport) -> dict[str, Any]:
    judgement = scan.judgement
    counts = {kind: len(getattr(judgement, kind)) for kind in ("refused", "reported", "ignored")}
    return {"verdict": scan.verdict, "scanned": scan.scanned, "trivy": scan.trivy, "database": scan.database, **counts}
