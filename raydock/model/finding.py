"""The findings of scans and audits."""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """The kinds of findings."""

    VULNERABILITY = "vulnerability"
    SECRET = "secret"  # noqa: S105 - a kind of finding
    MISCONFIGURATION = "misconfiguration"
    LICENSE = "license"


class Severity(StrEnum):
    """The severity of a finding, the worst first; UNKNOWN if no source rates it."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding.

    Attributes:
        kind: what it is.
        id: the id of an advisory, of a rule, or of a licence.
        severity: how severe it is.
        title: a short description.
        package: the package that it is in; the file for a secret.
        version: the package's version.
        fixed: the versions that fix it, as text; empty if none is known.
        aliases: further ids of the advisory.
    """

    kind: FindingKind
    id: str
    severity: Severity
    title: str = ""
    package: str = ""
    version: str = ""
    fixed: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All its ids, in lower case."""
        return frozenset(name.casefold() for name in (self.id, *self.aliases))

    def __str__(self) -> str:
        where = f" in {self.package} {self.version}".rstrip() if self.package else ""
        fixed = f", fixed in {self.fixed}" if self.fixed else ""
        severity = "not rated" if self.severity is Severity.UNKNOWN else self.severity
        return f"{self.id} ({severity}){where}{fixed}"
