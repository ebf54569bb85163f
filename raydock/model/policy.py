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
    """One finding that is let through.

    Attributes:
        id: any of its ids.
        package: a pattern, with * and ?, of the packages in which it is let through; empty for any package.
        reason: why.
        until: the last day on which it is let through.
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
                raise InvalidEntryError("{label} is empty.", "say what is ignored, and why.", key)

    def concerns(self, finding: Finding) -> bool:
        named = self.id.casefold() in finding.names
        return named and (not self.package or fnmatchcase(_plain(finding.package), _plain(self.package)))

    def __str__(self) -> str:
        return f"{self.place}: {self.id}" + (f" in {self.package}" if self.package else "")


class FailRule(Entry, frozen=True, kw_only=True):
    """What is refused of one kind of findings.

    Attributes:
        fail: the severities that are refused.
    """

    fail: tuple[Rated, ...]


class VulnerabilityRule(FailRule, frozen=True, kw_only=True):
    """What is refused of vulnerabilities.

    Attributes:
        unfixed: whether a vulnerability that no version fixes is refused as well (`fail`) or reported.
        database_days: how old the vulnerability database may be.
    """

    unfixed: Literal["report", "fail"]
    database_days: _Days = 14


class LicenseRule(Entry, frozen=True, kw_only=True):
    """What is refused of licences.

    Attributes:
        fail: patterns, with * and ?, of the names that are refused.
    """

    fail: tuple[str, ...]


class Policy(Entry, frozen=True, kw_only=True, dict=True):
    """scan.yaml: what a scan or an audit refuses, and what it ignores for a while.

    Attributes:
        vulnerabilities: what is refused of vulnerabilities.
        secrets: what is refused of secrets in files.
        misconfiguration: what is refused of the rendered Dockerfiles.
        licenses: what is refused of licences.
        ignore: the findings that are let through.
    """

    vulnerabilities: VulnerabilityRule
    secrets: FailRule
    misconfiguration: FailRule
    licenses: LicenseRule
    ignore: tuple[Ignore, ...] = ()

    @property
    def fail(self) -> dict[FindingKind, tuple[Severity, ...]]:
        """The severities that are refused, by kind."""
        rules = {
            FindingKind.VULNERABILITY: self.vulnerabilities,
            FindingKind.SECRET: self.secrets,
            FindingKind.MISCONFIGURATION: self.misconfiguration,
        }
        return {kind: tuple(map(Severity, rule.fail)) for kind, rule in rules.items()}

    @property
    def refuses_unfixed(self) -> bool:
        """Whether a vulnerability that no version fixes is refused as well."""
        return self.vulnerabilities.unfixed == "fail"

    def refuses(self, finding: Finding) -> bool:
        """Whether a finding is refused, were it not ignored. What nobody has rated counts as bad enough."""
        if finding.kind is FindingKind.LICENSE:
            return any(fnmatchcase(finding.id.casefold(), pattern.casefold()) for pattern in self.licenses.fail)
        if finding.kind is FindingKind.VULNERABILITY and not finding.fixed and not self.refuses_unfixed:
            return False
        return finding.severity is Severity.UNKNOWN or finding.severity in self.fail[finding.kind]

    def objections(self, today: date) -> tuple[str, ...]:
        """What is wrong with the policy itself on a day: the ignores whose last day is past, a sentence each."""
        past = (ignore for ignore in self.ignore if today > ignore.until)
        return tuple(f"{ignore} was to be ignored up to {ignore.until}: {ignore.reason}" for ignore in past)

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hexadecimal digest of all that it says, wherever in the file it stands."""
        document = {
            "fail": self.fail,
            "licenses": self.licenses.fail,
            "unfixed": self.refuses_unfixed,
            "database_days": self.vulnerabilities.database_days,
            "ignores": [{key: value for key, value in asdict(item).items() if key != "place"} for item in self.ignore],
        }
        return digest_of(json.dumps(document, default=str, sort_keys=True).encode())


def load(path: Path) -> Policy:
    """Reads scan.yaml. Raises ConfigurationError, with file and line, for anything that is not as documented."""
    file = read_own(path)
    policy = file.convert(Policy)
    located = file.placed(policy.ignore, "ignore")
    return replace(policy, ignore=tuple(replace(item, place=Path(item.place).name) for item in located))


def _plain(package: str) -> str:
    """A package's name as PEP 503 compares names; a path, or a Debian package's name, stays what it is."""
    return package if "/" in package else re.sub(r"[-_.]+", "-", package).casefold()
