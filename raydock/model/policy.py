"""scan.yaml: what a scan or an audit refuses, and what it ignores for a while."""

import json
import re
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from msgspec.structs import asdict, replace

from raydock.core.files import digest_of
from raydock.core.models import Entry, InvalidEntryError, written
from raydock.core.yamlfile import read_own
from raydock.model.finding import Finding, FindingKind, Severity

Rated = Literal["critical", "high", "medium", "low"]
_Days = Annotated[int, written("a whole number, such as 14", "a number of days", least=1)]


class Ignore(Entry, frozen=True, kw_only=True):
    """A finding that is ignored.

    Attributes:
        id: one of its ids.
        package: a pattern, with * and ?, of the packages in which it is ignored; empty for any package.
        reason: why.
        until: the last day on which it is ignored.
        place: the file and line of the entry, which raydock adds.
    """

    id: str
    package: str = ""
    reason: str
    until: date
    place: str = ""

    def __post_init__(self) -> None:
        for key in ("id", "reason"):
            if not getattr(self, key).strip():
                raise InvalidEntryError("{label} is empty.", "write the id of the finding, and why it is ignored.", key)

    def concerns(self, finding: Finding) -> bool:
        """Whether it ignores a finding."""
        has_id = self.id.casefold() in finding.names
        return has_id and (not self.package or fnmatchcase(_normalize(finding.package), _normalize(self.package)))

    def __str__(self) -> str:
        return f"{self.place}: {self.id}" + (f" in {self.package}" if self.package else "")


class FailRule(Entry, frozen=True, kw_only=True):
    """The findings of one kind that are refused.

    Attributes:
        fail: the severities that are refused.
    """

    fail: tuple[Rated, ...]


class VulnerabilityRule(FailRule, frozen=True, kw_only=True):
    """The vulnerabilities that are refused.

    Attributes:
        unfixed: whether a vulnerability without a fix is also refused (`fail`) or only reported.
        database_days: the maximum age of the vulnerability database, in days.
    """

    unfixed: Literal["report", "fail"]
    database_days: _Days = 14


class LicenseRule(Entry, frozen=True, kw_only=True):
    """The licences that are refused.

    Attributes:
        fail: patterns, with * and ?, of the names that are refused.
    """

    fail: tuple[str, ...]


class Policy(Entry, frozen=True, kw_only=True, dict=True):
    """scan.yaml: what a scan or an audit refuses, and what it ignores for a while.

    Attributes:
        vulnerabilities: the vulnerabilities that are refused.
        secrets: the secrets in files that are refused.
        misconfiguration: the findings in rendered Dockerfiles that are refused.
        licenses: the licences that are refused.
        ignore: the findings that are ignored.
    """

    vulnerabilities: VulnerabilityRule
    secrets: FailRule
    misconfiguration: FailRule
    licenses: LicenseRule
    ignore: tuple[Ignore, ...] = ()

    @property
    def fail(self) -> dict[FindingKind, tuple[str, ...]]:
        """The severities that are refused, by kind."""
        return {
            FindingKind.VULNERABILITY: self.vulnerabilities.fail,
            FindingKind.SECRET: self.secrets.fail,
            FindingKind.MISCONFIGURATION: self.misconfiguration.fail,
        }

    @property
    def refuses_unfixed(self) -> bool:
        """Whether a vulnerability without a fix is also refused."""
        return self.vulnerabilities.unfixed == "fail"

    def refuses(self, finding: Finding) -> bool:
        """Whether a finding is refused if it is not ignored. A finding without a severity is refused."""
        if finding.kind is FindingKind.LICENSE:
            return any(fnmatchcase(finding.id.casefold(), pattern.casefold()) for pattern in self.licenses.fail)
        if finding.kind is FindingKind.VULNERABILITY and not finding.fixed and not self.refuses_unfixed:
            return False
        return finding.severity is Severity.UNKNOWN or finding.severity in self.fail[finding.kind]

    def objections(self, today: date) -> tuple[str, ...]:
        """A sentence for each ignore that has expired on a day."""
        expired = (ignore for ignore in self.ignore if today > ignore.until)
        return tuple(f"{ignore} was ignored until {ignore.until}: {ignore.reason}" for ignore in expired)

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hexadecimal digest of all rules, independent of comments and lines."""
        document = {
            "fail": self.fail,
            "licenses": self.licenses.fail,
            "unfixed": self.refuses_unfixed,
            "database_days": self.vulnerabilities.database_days,
            "ignores": [
                {key: value for key, value in asdict(ignore).items() if key != "place"} for ignore in self.ignore
            ],
        }
        return digest_of(json.dumps(document, default=str, sort_keys=True).encode())


def load(path: Path) -> Policy:
    """Read scan.yaml.

    Raises ConfigurationError, with file and line, if it is not as documented.
    """
    file = read_own(path)
    policy = file.convert(Policy)
    located = file.placed(policy.ignore, "ignore")
    return replace(policy, ignore=tuple(replace(ignore, place=Path(ignore.place).name) for ignore in located))


def _normalize(package: str) -> str:
    """A package's name, normalized by PEP 503; a path or the name of a Debian package is not changed."""
    return package if "/" in package else re.sub(r"[-_.]+", "-", package).casefold()
