"""What was found in a folder of wheels, for programs (JSON, as in docs/reference/json.md) and for people."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from raydock.plan.output import count
from raydock.wheelhouse.advice import Advice, Fetch
from raydock.wheelhouse.analysis import Analysis
from raydock.wheelhouse.check import WheelFinding
from raydock.wheelhouse.relock import Locked

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class WheelhouseReport:
    """A folder's findings, what puts it right, and the lock that says so, where one was written to `path`."""

    analysis: Analysis
    findings: tuple[WheelFinding, ...]
    advice: Advice
    locked: Locked | None = None
    path: Path | None = None

    @property
    def right(self) -> bool:
        return not (self.findings or self.advice.drop or self.advice.fetch or self.advice.rename)

    def document(self) -> dict[str, Any]:
        """`wheelhouse check --json`."""
        target = self.analysis.target
        return {
            "schema": SCHEMA,
            "folder": str(self.analysis.folder.path),
            "wheels": len(self.analysis.folder.wheels),
            "python": target.python,
            "glibc": target.glibc,
            "cuda": self.analysis.cuda,
            "findings": [asdict(finding) for finding in self.findings],
            "drop": [asdict(item) for item in self.advice.drop],
            "fetch": [asdict(item) for item in self.advice.fetch],
            "rename": [asdict(item) for item in self.advice.rename],
            "lock": str(self.path) if self.path else None,
            "cutoff": self.locked.cutoff.isoformat() if self.locked else None,
        }

    def text(self) -> str:
        """The same in words."""
        return "\n".join([*self._head(), *self._found(), *self._rename(), *self._drop(), *self._fetch(), *self._lock()])

    def _head(self) -> Iterator[str]:
        folder, target = self.analysis.folder, self.analysis.target
        yield (
            f"{folder.path}: {count(len(folder.wheels), 'wheel')}, for Python {target.python} ({target.why}), "
            f"glibc {target.glibc}, {'no CUDA' if self.analysis.cuda == 'cpu' else f'CUDA {self.analysis.cuda}'}"
        )
        number = len(self.findings)
        yield f"{number} things are wrong." if number > 1 else "1 thing is wrong." if number else "Nothing is wrong."

    def _found(self) -> Iterator[str]:
        for (kind, meaning, todo), group in groupby(self.findings, lambda item: (item.kind, item.meaning, item.todo)):
            yield from ("", kind)
            yield from (f"  {finding.what}" for finding in group)
            yield from (f"    {meaning}", f"    Next: {todo}")

    def _rename(self) -> Iterator[str]:
        if self.advice.rename:
            yield from ("", f"rename {count(len(self.advice.rename), 'file')}")
            yield from (f"  mv {shlex.quote(item.filename)} {shlex.quote(item.name)}" for item in self.advice.rename)

    def _drop(self) -> Iterator[str]:
        if self.advice.drop:
            yield from ("", f"drop {count(len(self.advice.drop), 'file')}")
            for item in self.advice.drop:
                yield from (f"  {item.filename}", f"    {item.why}")

    def _fetch(self) -> Iterator[str]:
        fetch = self.advice.fetch
        if not fetch:
            return
        weight = f", {decimal(sum(item.size or 0 for item in fetch))}" if self.locked else ""
        yield from ("", f"fetch {count(len(fetch), 'package')}{weight}")
        yield from (_line(item) for item in fetch)
        if self.locked is None:
            yield "These are ranges, by what the folder says; --write-lock FILE asks the index for exact versions."

    def _lock(self) -> Iterator[str]:
        if self.locked and self.path:
            folder = self.analysis.folder.path
            yield from ("", f"{self.path} pins all packages with hashes, none newer than {self.locked.cutoff}.")
            yield f"Then: pip install --no-index --find-links {folder} --require-hashes -r {self.path}"


def _line(item: Fetch) -> str:
    package = f"{item.project}{item.versions}"
    line = f"  {package}  {item.filename}".rstrip()
    if item.filename and not item.filename.endswith(".whl"):
        line += f"\n    It has no wheel: build one by `pip wheel --no-deps {package}`, and lock again."
    return line
