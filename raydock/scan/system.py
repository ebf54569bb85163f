"""Find out whether trivy checked the operating system packages, and why not.

trivy reports no findings for a system without security updates and for an unknown system. Only `Metadata.OS`, a missing
`os-pkgs` result and warnings show the difference. Source: trivy 0.76, pkg/detector/ospkg and pkg/scan/local, read and
tested on 2026-11-29 (docs/how-to/scan.md lists the tested systems).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

Entry = dict[str, Any]

# trivy reports the system `none` if it found packages but no system.
_NO_SYSTEM = frozenset({"", "none"})
_EXPIRED = re.compile(r"OS version is no longer supported by the distribution")
_UNKNOWN_RELEASE = re.compile(r"OS version is not on the EOL list")
# trivy skips the entries that it cannot parse.
_UNREAD = re.compile(r"^\[(?:dpkg|apk|rpm)\S*\] .*(?:error|fail)", re.IGNORECASE)


def gap(document: Entry, warnings: Sequence[str]) -> str:
    """Why not all OS packages were checked for vulnerabilities, as one sentence.

    Returns an empty string if all were.

    document: trivy's JSON form of an image.
    warnings: trivy's warnings during the scan.
    """
    system = (document.get("Metadata") or {}).get("OS") or {}
    family = str(system.get("Family") or "")
    name = f"{family} {system.get('Name') or ''}".strip()
    packages, lines = _packages(document), unread(warnings)
    reasons = (
        (family in _NO_SYSTEM, "trivy did not find a known operating system in the image"),
        (packages is None, f"trivy has no advisories for {name}"),
        (not packages, f"trivy found no packages of {name}: the image has no package list that trivy reads"),
        (system.get("EOSL") or _any(_EXPIRED, warnings), f"{name} is past its end of life and gets no more advisories"),
        (_any(_UNKNOWN_RELEASE, warnings), f"trivy does not know the release {name}"),
        (lines, f"trivy could not read all packages of {name}: {' / '.join(lines)[:300]}"),
    )
    return next((f"vulnerabilities of OS packages: {reason}" for applies, reason in reasons if applies), "")


def unread(warnings: Iterable[str]) -> list[str]:
    """The warnings about package lists that trivy could not read.

    It does not repeat them for a cached layer.
    """
    return [warning for warning in warnings if _UNREAD.search(warning)]


def _packages(document: Entry) -> list[Any] | None:
    """The OS packages that trivy looked up in its database.

    Returns None if it has no database for this system.
    """
    results = [result for result in document.get("Results") or () if result.get("Class") == "os-pkgs"]
    return [package for result in results for package in result.get("Packages") or ()] if results else None


def _any(pattern: re.Pattern[str], lines: Iterable[str]) -> bool:
    return any(pattern.search(line) for line in lines)
