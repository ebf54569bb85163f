"""The report of a scan, stored next to its SBOMs. `publish` reads it."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from raydock.core.files import digest_of, write_whole
from raydock.model.finding import Finding, FindingKind, Severity
from raydock.model.image import ContainerImage, ImageRecord
from raydock.model.judgement import Ignored, Judgement
from raydock.model.policy import Ignore, Policy

SCHEMA = 1
_TEXTS = ("name", "image_id", "content", "fingerprint", "scanned", "trivy", "database", "policy")


class ScanResult(StrEnum):
    """The result of a scan.

    NOT_SCANNED: nothing is refused, but not everything was checked.
    """

    CLEAN = "clean"
    REFUSED = "refused"
    NOT_SCANNED = "not scanned"


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
    def verdict(self) -> ScanResult:
        if self.judgement.refuses:
            return ScanResult.REFUSED
        return ScanResult.NOT_SCANNED if self.judgement.missing else ScanResult.CLEAN

    def objection(self, image: ContainerImage, policy: Policy, today: date) -> str:
        """Why this report does not let an image be published, as one phrase.

        Returns an empty string if it does.
        """
        if not self.is_of(image):
            return "it was scanned before its newest build"
        if self.verdict is not ScanResult.CLEAN:
            return f"its scan: {self.verdict}: {'; '.join(self.judgement.reasons)}"
        if self.policy != policy.digest:
            return "scan.yaml changed since it was scanned"
        return "; ".join(policy.objections(today))

    def document(self) -> dict[str, Any]:
        """Its JSON form (docs/reference/json.md)."""
        said = asdict(self)
        judgement = said.pop("judgement")
        return {"schema": SCHEMA, **said, "verdict": self.verdict, **judgement}


def save(report: ScanReport, path: Path) -> None:
    """Write a report as JSON, completely or not at all."""
    write_whole(path, json.dumps(report.document(), indent=1, default=str) + "\n")


def load(path: Path) -> ScanReport | None:
    """Read a report; None if it does not exist, has a different schema, or the SBOMs next to it are not its own."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["schema"] != SCHEMA:
            return None
        report = ScanReport(
            **{key: said[key] for key in _TEXTS},
            judgement=Judgement(
                refused=tuple(map(_finding, said["refused"])),
                reported=tuple(map(_finding, said["reported"])),
                ignored=tuple(map(_ignored, said["ignored"])),
                expired=tuple(said["expired"]),
                missing=said["missing"],
            ),
            sboms=dict(said["sboms"]),
        )
        whole = all(digest_of(file.read_bytes()) == report.sboms[name] for name, file in sboms(report, path).items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return report if whole else None


def sboms(report: ScanReport, path: Path) -> dict[str, Path]:
    """The SBOMs of the report at `path`, by name."""
    return {name: path.parent / Path(name).name for name in report.sboms}


def _finding(said: dict[str, Any]) -> Finding:
    typed = {
        "kind": FindingKind(said["kind"]),
        "severity": Severity(said["severity"]),
        "aliases": tuple(said["aliases"]),
    }
    return Finding(**{**said, **typed})


def _ignored(said: dict[str, Any]) -> Ignored:
    ignore = {**said["ignore"], "until": date.fromisoformat(said["ignore"]["until"])}
    return Ignored(finding=_finding(said["finding"]), ignore=Ignore(**ignore))
