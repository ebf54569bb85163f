"""scan.yaml: what a scan or an audit refuses, and what it ignores for a while."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from raydock.core.errors import nearest
from raydock.core.files import digest_of
from raydock.core.yamlentry import YamlEntry, read
from raydock.model.finding import Finding, FindingKind, Severity

RATED = tuple(severity for severity in Severity if severity is not Severity.UNKNOWN)
_KEYS = ("vulnerabilities", "secrets", "misconfiguration", "licenses")


@dataclass(frozen=True, kw_only=True)
class Ignore:
    """One finding that is let through, up to and including the day `until`: by any of its ids, in any package or in
    those that `package` (a pattern with * and ?) names."""

    id: str
    package: str
    reason: str
    until: date
    place: str

    def concerns(self, finding: Finding) -> bool:
        named = self.id.casefold() in finding.names
        return named and (not self.package or fnmatchcase(_plain(finding.package), _plain(self.package)))

    def __str__(self) -> str:
        return f"{self.place}: {self.id}" + (f" in {self.package}" if self.package else "")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """scan.yaml, parsed. `fail` holds the severities that are refused, by kind; `licenses` patterns of names.

    `unfixed` says whether a vulnerability that no version fixes is refused as well, and `database_days` how old a
    vulnerability database may be.
    """

    fail: dict[FindingKind, tuple[Severity, ...]]
    licenses: tuple[str, ...]
    unfixed: bool
    database_days: int
    ignores: tuple[Ignore, ...]

    def refuses(self, finding: Finding) -> bool:
        """Whether a finding is refused, were it not ignored. What nobody has rated counts as bad enough."""
        if finding.kind is FindingKind.LICENSE:
            return any(fnmatchcase(finding.id.casefold(), pattern.casefold()) for pattern in self.licenses)
        if finding.kind is FindingKind.VULNERABILITY and not finding.fixed and not self.unfixed:
            return False
        return finding.severity is Severity.UNKNOWN or finding.severity in self.fail[finding.kind]

    def objections(self, today: date) -> tuple[str, ...]:
        """What is wrong with the policy itself on a day: the ignores whose last day is past, a sentence each."""
        past = (ignore for ignore in self.ignores if today > ignore.until)
        return tuple(f"{ignore} was to be ignored up to {ignore.until}: {ignore.reason}" for ignore in past)

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hexadecimal digest of all that it says, wherever in the file it stands."""
        document = asdict(self)
        for ignore in document["ignores"]:
            del ignore["place"]
        text = json.dumps(document, default=str, sort_keys=True)
        return digest_of(text.encode())


def load(path: Path) -> Policy:
    """Reads scan.yaml. Raises ConfigurationError, with file and line, for anything that is not as documented."""
    top = read(path).items((*_KEYS, "ignore"), _KEYS)
    vulnerabilities = top["vulnerabilities"].items(("fail", "unfixed", "database-days"), ("fail", "unfixed"))
    return Policy(
        fail={
            FindingKind.VULNERABILITY: _severities(vulnerabilities["fail"]),
            FindingKind.SECRET: _severities(top["secrets"].items(("fail",), ("fail",))["fail"]),
            FindingKind.MISCONFIGURATION: _severities(top["misconfiguration"].items(("fail",), ("fail",))["fail"]),
        },
        licenses=top["licenses"].items(("fail",), ("fail",))["fail"].texts(),
        unfixed=_choice(vulnerabilities["unfixed"], ("report", "fail")) == "fail",
        database_days=_days(vulnerabilities.get("database-days")),
        ignores=tuple(_ignore(entry) for entry in top["ignore"].list()) if "ignore" in top else (),
    )


def _severities(entry: YamlEntry) -> tuple[Severity, ...]:
    return tuple(Severity(_choice(item, RATED)) for item in entry.list())


def _choice(entry: YamlEntry, known: tuple[str, ...]) -> str:
    value = entry.text()
    if value not in known:
        entry.refuse(f"{value!r} is not allowed for {entry.label}.", nearest(value, known))
    return value


def _days(entry: YamlEntry | None) -> int:
    if entry is None:
        return 14
    if not re.fullmatch(r"[1-9]\d{0,3}", entry.text()):
        entry.refuse(f"{entry.text()!r} is not a number of days.", "write a whole number, such as 14.")
    return int(entry.text())


def _ignore(entry: YamlEntry) -> Ignore:
    keys = entry.items(("id", "package", "reason", "until"), ("id", "reason", "until"))
    for key in ("id", "reason"):
        if not keys[key].text().strip():
            keys[key].refuse(f"{keys[key].label} is empty.", "say what is ignored, and why.")
    try:
        until = date.fromisoformat(keys["until"].text())
    except ValueError:
        keys["until"].refuse(f"{keys['until'].text()!r} is not a date.", "write it as 2026-11-15.")
    return Ignore(
        id=keys["id"].text(),
        package=keys["package"].text() if "package" in keys else "",
        reason=keys["reason"].text(),
        until=until,
        place=f"{entry.path.name}:{entry.node.start_mark.line + 1}",
    )


def _plain(package: str) -> str:
    """A package's name as PEP 503 compares names; a path, or a Debian package's name, stays what it is."""
    return package if "/" in package else re.sub(r"[-_.]+", "-", package).casefold()
