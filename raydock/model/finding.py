"""What a scan or an audit finds, whoever found it."""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What is wrong."""

    VULNERABILITY = "vulnerability"
    SECRET = "secret"  # noqa: S105 - a kind of finding
    MISCONFIGURATION = "misconfiguration"
    LICENSE = "license"


class Severity(StrEnum):
    """How bad it is, worst first; UNKNOWN where nobody has rated it."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found.

    `id` is an advisory's, a rule's or a licence's, and `aliases` are its other ids. `package` and `version` say where:
    of a secret, the file. `fixed` are the versions that fix it, as text; empty where none is known.
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
