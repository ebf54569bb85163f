"""The .deb files in .raydock/debs of a checkout.

They are verified on each use, and downloaded if missing.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from raydock.builder.apterrors import reason
from raydock.builder.debs import script
from raydock.builder.debs.containerapt import ContainerApt
from raydock.builder.debs.hostapt import HostApt
from raydock.core.errors import OutOfReachError, RaydockError, VariantError
from raydock.core.files import sha256_of
from raydock.model.debs import Deb, DebLock

# The apt of a base: this host's for a bootstrapped one, its own for a pulled one.
Apt = HostApt | ContainerApt
# Reads a package from the registry in `debs:` of matrix.yaml; returns None if it does not have the package.
ReadBackup = Callable[[Deb], bytes | None]


@dataclass(frozen=True, kw_only=True)
class DebStore:
    """A folder of .deb files.

    Attributes:
        folder: the folder.
        backup: reads files that the archive no longer has from a registry.
    """

    folder: Path
    backup: ReadBackup = lambda _: None

    def complete(self, lock: DebLock, apt: Apt) -> None:
        """Downloads the missing files of a lock, and verifies all files.

        They come from the archive, otherwise from the registry.
        Raises VariantError if a file is not the locked one, OutOfReachError if a file cannot be downloaded.
        """
        missing = self.missing(lock)
        if missing:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix="fetch-") as folder:
                result = apt.fetch(script.fetch_list(missing), Path(folder))
                for deb in missing:
                    self._add(deb, Path(folder, deb.file))
        if lost := self.missing(lock):
            raise _lost(lock, lost, apt.origin, _moved(lost, apt) or reason(result.stderr))

    def missing(self, lock: DebLock) -> list[Deb]:
        """The packages of a lock whose files are missing.

        Raises VariantError if a file is not the locked one.
        """
        missing = []
        for deb in lock.debs:
            try:
                self._verify(deb, lock)
            except FileNotFoundError:
                missing.append(deb)
        return missing

    def place(self, lock: DebLock, folder: Path) -> None:
        """Creates a folder with the files of a lock, all of which must be in the store."""
        folder.mkdir(parents=True)
        for deb in lock.debs:
            try:
                os.link(self.folder / deb.file, folder / deb.file)
            except OSError:  # a different file system, or a file system without hard links
                shutil.copyfile(self.folder / deb.file, folder / deb.file)

    def path(self, deb: Deb) -> Path:
        """The path of the file of a package."""
        return self.folder / deb.file

    def _add(self, deb: Deb, fetched: Path) -> None:
        """Adds a downloaded file if it is the locked one, otherwise the registry's file."""
        if not fetched.exists() or sha256_of(fetched) != deb.sha256:
            data = self.backup(deb)
            if not data:
                return
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
                todo=f"`rm {path}`, then run this again to download the locked file.",
            )


def _moved(lost: Sequence[Deb], apt: Apt) -> str:
    """A sentence with the archive's newer versions of these packages.

    Empty if there are none or it does not answer.
    """
    try:
        now = apt.candidates([deb.name for deb in lost])
    except RaydockError:
        return ""
    moved = [f"{deb.name} is {now[deb.name][0]}" for deb in lost if now.get(deb.name, (deb.version,))[0] != deb.version]
    return f"The archive has different versions now: {', '.join(moved[:5])}" if moved else ""


def _lost(lock: DebLock, lost: Sequence[Deb], origin: str, why: str) -> OutOfReachError:
    names = ", ".join(f"{deb.name} {deb.version}" for deb in lost[:5]) + (", ..." if len(lost) > 5 else "")
    return OutOfReachError(
        f"{len(lost)} of the {len(lock.debs)} packages in {lock.name}.debs cannot be downloaded from {origin}:"
        f" {names}.",
        meaning=f"{why}.",
        todo=f"check that the archive answers; if it has different versions now, remove lockfiles/{lock.name}.debs and"
        " run `./build.py lock`, or name a registry that stores the packages by `debs:` in matrix.yaml"
        " (docs/how-to/os-packages.md).",
    )
