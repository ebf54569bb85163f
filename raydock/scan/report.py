"""The report of a scan, stored next to its SBOMs. `publish` reads it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from raydock.core.files import digest_of
from raydock.core.jsonfile import read, value, write
from raydock.core.models import plain
from raydock.model.image import ContainerImage, ImageRecord
from raydock.model.judgement import Judgement, Verdict
from raydock.model.policy import Policy

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class ScanReport(ImageRecord):
    """What a scan found in an image.

    Attributes:
        scanned: when it was scanned, in ISO 8601.
        trivy: the version of trivy.
        database: when the vulnerability database was made, in ISO 8601; empty if none was used.
        policy: the digest of the policy by which it was judged.
        judgement: the policy's answer.
        sboms: the sha256 of each SBOM, by the name of its file next to the report.
    """

    scanned: str
    trivy: str
    database: str
    policy: str
    judgement: Judgement
    sboms: dict[str, str]

    @property
    def verdict(self) -> Verdict:
        return self.judgement.verdict(Verdict.NOT_SCANNED)

    def objection(self, image: ContainerImage, policy: Policy, today: date) -> str:
        """Why this report does not let an image be published, as one phrase.

        Returns an empty string if it does.
        """
        if not self.is_of(image):
            return "it was scanned before its newest build"
        if self.verdict is not Verdict.CLEAN:
            return f"its scan: {self.verdict}: {'; '.join(self.judgement.reasons)}"
        if self.policy != policy.digest:
            return "scan.yaml changed since it was scanned"
        return "; ".join(policy.objections(today))

    def document(self) -> dict[str, Any]:
        """Its JSON form (docs/reference/json.md)."""
        document = plain(self)
        judgement = document.pop("judgement")
        return {"schema": SCHEMA, **document, "verdict": self.verdict, **judgement}


def save(report: ScanReport, path: Path) -> None:
    """Write a report as JSON, completely or not at all."""
    write(path, report.document())


def load(path: Path) -> ScanReport | None:
    """Read a report; None if it does not exist, has a different schema, or the SBOMs next to it are not its own."""
    document = read(path, SCHEMA)
    report = value({**document, "judgement": document}, ScanReport) if document else None
    return report if report and _has_own_sboms(report, path) else None


def sboms(report: ScanReport, path: Path) -> dict[str, Path]:
    """The SBOMs of the report at `path`, by name."""
    return {name: path.parent / Path(name).name for name in report.sboms}


def _has_own_sboms(report: ScanReport, path: Path) -> bool:
    """Whether the SBOMs next to the report at `path` are its own."""
    try:
        return all(digest_of(file.read_bytes()) == report.sboms[name] for name, file in sboms(report, path).items())
    except OSError:
        return False
