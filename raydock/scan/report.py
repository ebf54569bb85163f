"""The report of a scan, kept beside its SBOMs; what `publish` reads."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from raydock.core.files import digest_of
from raydock.core.jsonfile import read, value, write
from raydock.core.models import plain
from raydock.model.image import ContainerImage, ImageRecord
from raydock.model.judgement import Judgement
from raydock.model.policy import Policy

SCHEMA = 1


class ScanResult(StrEnum):
    """The result of a scan. NOT_SCANNED: nothing is refused, but not everything was checked."""

    CLEAN = "clean"
    REFUSED = "refused"
    NOT_SCANNED = "not scanned"


@dataclass(frozen=True, kw_only=True)
class ScanReport(ImageRecord):
    """What a scan found in an image.

    Attributes:
        scanned: when it was scanned, in ISO 8601.
        trivy: the version of trivy.
        database: of when the vulnerability database is, in ISO 8601; empty if none was used.
        policy: the digest of the policy by which it was judged.
        judgement: the policy's answer.
        sboms: the sha256 of the SBOMs by the names of their files, which are next to the report.
    """

    scanned: str
    trivy: str
    database: str
    policy: str
    judgement: Judgement
    sboms: dict[str, str]

    @property
    def verdict(self) -> ScanResult:
        if self.judgement.refuses:
            return ScanResult.REFUSED
        return ScanResult.NOT_SCANNED if self.judgement.missing else ScanResult.CLEAN

    def objection(self, image: ContainerImage, policy: Policy, today: date) -> str:
        """Why this report does not let an image be published, as one phrase; empty where it does."""
        if not self.is_of(image):
            return "it was scanned before its newest build"
        if self.verdict is not ScanResult.CLEAN:
            return f"its scan: {self.verdict}: {'; '.join(self.judgement.reasons)}"
        if self.policy != policy.digest:
            return "scan.yaml changed since it was scanned"
        return "; ".join(policy.objections(today))

    def document(self) -> dict[str, Any]:
        """Its JSON form (docs/reference/json.md)."""
        said = plain(self)
        judgement = said.pop("judgement")
        return {"schema": SCHEMA, **said, "verdict": self.verdict, **judgement}


def save(report: ScanReport, path: Path) -> None:
    """Writes a report as JSON, whole or not at all."""
    write(path, report.document())


def load(path: Path) -> ScanReport | None:
    """Reads a report; None where there is none of this schema, or other SBOMs lie beside it: scan the image again."""
    document = read(path, SCHEMA)
    report = value({**document, "judgement": document}, ScanReport) if document else None
    return report if report and _is_whole(report, path) else None


def sboms(report: ScanReport, path: Path) -> dict[str, Path]:
    """The SBOMs of the report at `path`, by name."""
    return {name: path.parent / Path(name).name for name in report.sboms}


def _is_whole(report: ScanReport, path: Path) -> bool:
    """Whether the SBOMs beside the report at `path` are its own."""
    try:
        return all(digest_of(file.read_bytes()) == report.sboms[name] for name, file in sboms(report, path).items())
    except OSError:
        return False
