"""The .deb files that a checkout keeps in .raydock/debs: each verified when it is used, fetched if it is missing."""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from raydock.builder.debs import script
from raydock.builder.debs.script import ScriptResult
from raydock.core.errors import OutOfReachError, RaydockError, VariantError
from raydock.core.files import sha256_of
from raydock.model.debs import Deb, DebLock


class Fetcher(Protocol):
    """apt, as it downloads files from a base's archives."""

    @property
    def origin(self) -> str:
        """The archives that it reads."""

    def fetch(self, wanted: str, folder: Path) -> ScriptResult:
        """Downloads files into a folder; see script.FETCH."""

    def candidates(self, names: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The version that the archive offers now for each package, and the suites that have it; by name."""


# The bytes of a package that the registry named by `debs:` of matrix.yaml keeps; None if it has none.
Kept = Callable[[Deb], bytes | None]


@dataclass(frozen=True, kw_only=True)
class DebStore:
    """A folder of .deb files, and the registry's copies of them."""

    folder: Path
    kept: Kept = lambda _: None

    def complete(self, lock: DebLock, fetcher: Fetcher) -> None:
        """Has every file of a lock in the folder, verified: from the archive, else from the registry.

        Raises VariantError if a file is not the locked one, OutOfReachError if one cannot be fetched.
        """
        missing = self.missing(lock)
        if missing:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix="fetch-") as folder:
                answer = fetcher.fetch(script.wanted(missing), Path(folder))
                for deb in missing:
                    self._take(deb, Path(folder, deb.file))
        if lost := self.missing(lock):
            raise _lost(lock, lost, fetcher.origin, _moved(lost, fetcher) or _last_error(answer.errors))

    def missing(self, lock: DebLock) -> list[Deb]:
        """The packages of a lock whose files are not in the folder. Raises VariantError if a file is another one."""
        missing = []
        for deb in lock.debs:
            try:
                self._verify(deb, lock)
            except FileNotFoundError:
                missing.append(deb)
        return missing

    def place(self, lock: DebLock, folder: Path) -> None:
        """Fills a new folder with the files of a lock, all of which are in the store."""
        folder.mkdir(parents=True)
        for deb in lock.debs:
            try:
                os.link(self.folder / deb.file, folder / deb.file)
            except OSError:  # a different file system, or one without hard links
                shutil.copyfile(self.folder / deb.file, folder / deb.file)

    def path(self, deb: Deb) -> Path:
        """The path of a package's file."""
        return self.folder / deb.file

    def _take(self, deb: Deb, fetched: Path) -> None:
        """Keeps a fetched file if it is the locked one, else the registry's."""
        if fetched.exists() and sha256_of(fetched) == deb.sha256:
            fetched.chmod(0o644)
            fetched.replace(self.path(deb))
        elif data := self.kept(deb):
            fetched.write_bytes(data)
            fetched.chmod(0o644)
            fetched.replace(self.path(deb))

    def _verify(self, deb: Deb, lock: DebLock) -> None:
        path = self.path(deb)
        size, digest = path.stat().st_size, sha256_of(path)
        if (size, digest) != (deb.size, deb.sha256):
            raise VariantError(
                f"{path} is not the file that {lock.name}.debs locks for {deb.name} {deb.version}: it has {size} bytes"
                f" and sha256 {digest[:12]}..., not {deb.size} and {deb.sha256[:12]}....",
                meaning="It was modified or damaged, and is not installed.",
                todo=f"`rm {path}`, then run this again: the locked file is fetched again.",
            )


def _moved(lost: Sequence[Deb], fetcher: Fetcher) -> str:
    """The versions that the archive has in place of these; empty if it has these, or does not answer."""
    try:
        now = fetcher.candidates([deb.name for deb in lost])
    except RaydockError:
        return ""
    moved = [f"{deb.name} is {now[deb.name][0]}" for deb in lost if now.get(deb.name, (deb.version,))[0] != deb.version]
    return f"The archive has moved on: {', '.join(moved[:5])}" if moved else ""


def _last_error(errors: str) -> str:
    lines = [line for line in errors.splitlines() if line.startswith("E: ")]
    return "; ".join(lines[:3])[:600].rstrip(".") or "apt gave no reason"


def _lost(lock: DebLock, lost: Sequence[Deb], origin: str, why: str) -> OutOfReachError:
    names = ", ".join(f"{deb.name} {deb.version}" for deb in lost[:5]) + (", ..." if len(lost) > 5 else "")
    return OutOfReachError(
        f"{len(lost)} of the {len(lock.debs)} packages that {lock.name}.debs locks cannot be fetched from {origin}:"
        f" {names}.",
        meaning=f"{why}.",
        todo=f"see that the archive answers; if it has moved on, remove lockfiles/{lock.name}.debs and run"
        " `./build.py lock`, or name a registry that keeps the packages by `debs:` in matrix.yaml"
        " (docs/how-to/os-packages.md).",
    )
