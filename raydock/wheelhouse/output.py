"""Show the findings of a folder of wheels.

Text for people, JSON for programs (docs/reference/json.md).
"""

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from raydock.plan.output import count
from raydock.wheelhouse.advice import Advice, Fetch
from raydock.wheelhouse.analysis import Analysis
from raydock.wheelhouse.check import WheelFinding
from raydock.wheelhouse.relock import FolderLock

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class WheelhouseReport:
    """The result of the check of a folder.

    Attributes:
        analysis: the folder and its target.
        findings: what is wrong.
        advice: what fixes it.
        locked: the lock of the folder; None if none was requested.
        path: the file of the lock; None if none was requested.
    """

    analysis: Analysis
    findings: tuple[WheelFinding, ...]
    advice: Advice
    locked: FolderLock | None = None
    path: Path | None = None

    @property
    def ok(self) -> bool:
        return not (self.findings or self.advice.drop or self.advice.fetch or self.advice.rename)

    def document(self) -> dict[str, Any]:
        """The document of `wheelhouse check --json`."""
        target = self.analysis.target
        return {
            "schema": SCHEMA,
            "folder": str(self.analysis.folder.path),
            "wheels": len(self.analysis.folder.wheels),
            "python": target.python,
            "glibc": target.glibc,
            "cuda": self.analysis.cuda,
            "findings": [asdict(finding) for finding in self.findings],
            "drop": [{"filename": filename, "why": why} for filename, why in self.advice.drop.items()],
            "fetch": [asdict(fetch) for fetch in self.advice.fetch],
            "rename": [{"filename": filename, "name": name} for filename, name in self.advice.rename.items()],
            "lock": str(self.path) if self.path else None,
            "cutoff": self.locked.cutoff.isoformat() if self.locked else None,
        }

    def text(self) -> str:
        """The result as text."""
        return "\n".join([*self._head(), *self._problems(), *self._advice(), *self._fetch(), *self._lock()])

    def _head(self) -> Iterator[str]:
        folder, target = self.analysis.folder, self.analysis.target
        cuda = "no CUDA" if self.analysis.cuda == "cpu" else f"CUDA {self.analysis.cuda}"
        yield (
            f"{folder.path}: {count(len(folder.wheels), 'wheel')}, for Python {target.python} "
            f"({target.python_source}), glibc {target.glibc}, {cuda}"
        )
        number = len(self.findings)
        yield f"{count(number, 'problem')} found." if number else "No problems found."

    def _problems(self) -> Iterator[str]:
        same = attrgetter("kind", "meaning", "todo")
        for (kind, meaning, todo), group in groupby(self.findings, same):
            yield from ("", kind)
            yield from (f"  {finding.what}" for finding in group)
            yield from (f"    {meaning}", f"    Next: {todo}")

    def _advice(self) -> Iterator[str]:
        if rename := self.advice.rename:
            yield from ("", f"rename {count(len(rename), 'file')}")
            yield from (f"  mv {shlex.quote(filename)} {shlex.quote(name)}" for filename, name in rename.items())
        if drop := self.advice.drop:
            yield from ("", f"drop {count(len(drop), 'file')}")
            yield from (f"  {filename}\n    {why}" for filename, why in drop.items())

    def _fetch(self) -> Iterator[str]:
        packages = self.advice.fetch
        if not packages:
            return
        size = f", {decimal(sum(package.size or 0 for package in packages))}" if self.locked else ""
        yield from ("", f"fetch {count(len(packages), 'package')}{size}")
        yield from (_line(package) for package in packages)
        if self.locked is None:
            yield "These ranges come from the folder; --write-lock FILE gets exact versions from the package index."

    def _lock(self) -> Iterator[str]:
        if self.locked and self.path:
            folder = self.analysis.folder.path
            yield from ("", f"{self.path} pins all packages with hashes, none newer than {self.locked.cutoff}.")
            yield f"Then: pip install --no-index --find-links {folder} --require-hashes -r {self.path}"


def _line(package: Fetch) -> str:
    requirement = f"{package.project}{package.versions}"
    line = f"  {requirement}  {package.filename}".rstrip()
    if package.filename and not package.filename.endswith(".whl"):
        line += f"\n    It has no wheel: build one with `pip wheel --no-deps {requirement}`, and lock again."
    return line
