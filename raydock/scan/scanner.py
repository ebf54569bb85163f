"""Scan built images one at a time, and write a report with SBOMs for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError, VariantError
from raydock.core.events import Listener, job, queue
from raydock.core.files import digest_of, write_whole
from raydock.core.outcomes import attempt
from raydock.core.parallel import in_parallel
from raydock.model.finding import Finding
from raydock.model.image import ContainerImage
from raydock.model.judgement import judge
from raydock.model.policy import Policy
from raydock.scan.database import Database
from raydock.scan.findings import content, findings, gap, unread
from raydock.scan.report import ScanReport, save
from raydock.scan.trivy import Document, NoDatabaseError, Trivy

# The file name of each SBOM, and trivy's name of its format.
SBOMS = {"sbom.cdx.json": "cyclonedx", "sbom.spdx.json": "spdx-json"}


@dataclass(frozen=True, kw_only=True)
class Scanner:
    """Scans the images of one checkout.

    Attributes:
        trivy: runs trivy.
        database: the vulnerability database; an error if there is none: then vulnerabilities are not checked.
        policy: the rules of scan.yaml.
        checkout: where reports and Dockerfiles are.
        registry: the repository that names the image in an SBOM.
        listener: gets progress messages.
        now: the time of the scan.
    """

    trivy: Trivy
    database: Database | NoDatabaseError
    policy: Policy
    checkout: Checkout
    registry: str
    listener: Listener
    now: datetime

    @property
    def notes(self) -> list[str]:
        """Remarks about the database, a sentence each."""
        if not isinstance(self.database, Database) or not self.database.note:
            return []
        return [f"the vulnerability database is of {self.database.updated:%Y-%m-%d}: {self.database.note}"]

    def scan(self, images: Mapping[str, ContainerImage]) -> dict[str, ScanReport | RaydockError]:
        """Scan images, by variant name, and write their reports.

        Returns the report of each image, or why its scan failed: one failure does not stop the others.

        Ctrl-C stops trivy.
        """
        version = self.trivy.version()
        queue(self.listener, images)

        def scan_image(name: str) -> ScanReport:
            with job(self.listener, name, "scanning"):
                report = self._report(name, images[name], version)
            self.listener(name, str(report.verdict), final=True)
            return report

        results = in_parallel(partial(attempt, scan_image), images, 1, self.trivy.processes.stop)
        return dict(zip(images, results, strict=True))

    def _report(self, name: str, image: ContainerImage, version: str) -> ScanReport:
        document, database, missing = self._image(name, image)
        all_findings = [*findings(document), *self._dockerfile(name)]
        path = self.checkout.report(name, "scan")
        sboms = self._sboms(name, document)
        report = ScanReport(
            name=name,
            image_id=image.id,
            content=image.content,
            fingerprint=image.fingerprint,
            scanned=_text(self.now),
            trivy=version,
            database=_text(database.updated) if database else "",
            policy=self.policy.digest,
            judgement=judge(self.policy, all_findings, self.now.date(), missing),
            sboms={file: digest_of(text.encode()) for file, text in sboms.items()},
        )
        for file, text in sboms.items():
            write_whole(path.parent / file, text)
        save(report, path)
        return report

    def _image(self, name: str, image: ContainerImage) -> tuple[Document, Database | None, str]:
        """Scan an image.

        Returns trivy's document, the database used, and why the check is incomplete.
        """
        missing = self.database
        log = self.checkout.log(f"scan-{name}")
        if isinstance(missing, Database):
            self.listener(name, "looking for vulnerabilities, secrets and licences")
            try:
                document, warnings = self.trivy.image(image.id, missing.folder, log)
            except NoDatabaseError as error:
                missing = error
            else:
                if unread(warnings):
                    self.trivy.forget_layers()  # else the next scan gets the incomplete list without the warning
                return document, missing, gap(document, warnings)
        self.listener(name, "looking for secrets and licences")
        document, _ = self.trivy.image(image.id, None, log)
        return document, None, f"vulnerabilities: {missing.what}"

    def _dockerfile(self, name: str) -> list[Finding]:
        path = self.checkout.dockerfile(name)
        if not path.is_file():
            raise VariantError(f"{path} does not exist.", todo="run `./build.py render`.")
        self.listener(name, "checking its Dockerfile")
        return list(findings(self.trivy.dockerfile(path)))

    def _sboms(self, name: str, document: Document) -> dict[str, str]:
        self.listener(name, "writing its SBOMs")
        bare = content(document, f"{self.registry}:{name}")
        return {file: self.trivy.sbom(bare, form) for file, form in SBOMS.items()}


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
