"""Locked Debian packages with a newer version in the archive.

It also finds the advisories that an update fixes.
"""

import gzip
import io
import re
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from raydock.builder.debs.hostapt import HostApt
from raydock.builder.debs.request import DebRequest
from raydock.builder.debs.store import DebStore
from raydock.core.errors import RaydockError
from raydock.model.debs import DebLock

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
# A check must not wait long for an archive that does not answer.
_IMPATIENT = 'Acquire::Retries "0";\nAcquire::http::Timeout "10";\nAcquire::https::Timeout "10";\n'


@dataclass(frozen=True, kw_only=True, order=True)
class Moved:
    """A package with a newer version in the archive.

    Attributes:
        lock: the lock's name.
        name: the package's name.
        locked: the version that is locked.
        now: the version in the archive.
        security: whether that version is in a security suite.
        advisories: the CVEs in the changelog entries since the locked version.
    """

    lock: str
    name: str
    locked: str
    now: str
    security: bool
    advisories: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MovedPackages:
    """The result of a comparison with the archive.

    Attributes:
        moved: the packages with a newer version.
        notes: the reasons why some locks were not compared.
    """

    moved: tuple[Moved, ...]
    notes: tuple[str, ...]


def survey(locks: Mapping[str, tuple[DebRequest, DebLock]], work: Path, bundle: Path | None) -> MovedPackages:
    """Compares locks with the archives of this host's apt.

    Does not need an engine; pulled bases are not compared.
    """
    moved: list[Moved] = []
    notes: list[str] = []
    groups: dict[object, list[tuple[DebRequest, DebLock]]] = {}
    for request, lock in locks.values():
        key = (request.base.suite, request.base.mirror) if request.base.suite else request.base.image
        groups.setdefault(key, []).append((request, lock))
    for pairs in groups.values():
        base = pairs[0][0].base
        if base.source == "pull":
            notes.append(
                f"Packages of {base.image} were not checked for newer versions: only the apt in it knows them."
            )
            continue
        apt = HostApt(base=base, bundle=bundle, work=work, options=_IMPATIENT)
        try:
            moved += _with_advisories(_moved((lock for _, lock in pairs), apt), apt, DebStore(folder=work / "debs"))
        except RaydockError as error:
            notes.append(f"Packages of Debian {base.suite} were not checked for newer versions: {error.what}")
    return MovedPackages(moved=tuple(moved), notes=tuple(notes))


def _moved(locks: Iterable[DebLock], apt: HostApt) -> list[Moved]:
    locks = tuple(locks)
    now = apt.candidates(sorted({deb.name for lock in locks for deb in lock.debs}))
    return [
        Moved(
            lock=lock.name,
            name=deb.name,
            locked=deb.version,
            now=now[deb.name][0],
            security="-security" in now[deb.name][1],
        )
        for lock in locks
        for deb in lock.debs
        if deb.name in now and now[deb.name][0] not in {deb.version, "(none)"}
    ]


def _with_advisories(moved: list[Moved], apt: HostApt, store: DebStore) -> list[Moved]:
    """The same packages with the advisories of security updates.

    They come from the changelogs of the newer packages.
    """
    versions = {package.name: package.now for package in moved if package.security}
    if not versions:
        return moved
    files = {deb.name: deb for deb in apt.records(versions)}
    store.complete(DebLock(name="the archive", debs=tuple(files.values())), apt)
    changelogs = {name: _changelog(store.path(deb), name) for name, deb in files.items()}
    return [
        replace(package, advisories=fixed_advisories(changelogs.get(package.name, ""), package.locked))
        for package in moved
    ]


def _changelog(path: Path, name: str) -> str:
    """The changelog of a package.

    Empty if it is a link to that of a different package.
    """
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(path)], capture_output=True, check=False).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        for file in ("changelog.Debian.gz", "changelog.gz"):
            with suppress(KeyError, OSError):
                if changelog := archive.extractfile(f"./usr/share/doc/{name}/{file}"):
                    return gzip.decompress(changelog.read()).decode(errors="replace")
    return ""


def fixed_advisories(changelog: str, locked: str) -> tuple[str, ...]:
    """The CVEs in the entries of a Debian changelog after the version `locked`.

    A rebuild without a change of source (+b1) does not have an entry. Source: deb-changelog(5), read 2026-11-29.
    """
    newer = re.split(rf"^\S+ \({re.escape(re.sub(r'[+]b[0-9]+$', '', locked))}\) ", changelog, flags=re.MULTILINE)
    return tuple(dict.fromkeys(_CVE.findall(newer[0]))) if len(newer) > 1 else ()
