"""Locked Debian packages for which the archive has another version now, and the advisories that an update closes."""

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
# A check must not wait for an archive that does not answer.
_IMPATIENT = 'Acquire::Retries "0";\nAcquire::http::Timeout "10";\nAcquire::https::Timeout "10";\n'


@dataclass(frozen=True, kw_only=True, order=True)
class Moved:
    """A package whose locked version the archive has replaced.

    Attributes:
        lock: the lock's name.
        name: the package's name.
        locked: the version that is locked.
        now: the version that the archive offers.
        security: whether a security suite offers it.
        advisories: the CVEs that its changelog names since the locked version.
    """

    lock: str
    name: str
    locked: str
    now: str
    security: bool
    advisories: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MovedPackages:
    """The packages that moved, and why the archive was not asked about some locks."""

    moved: tuple[Moved, ...]
    notes: tuple[str, ...]


def survey(locks: Mapping[str, tuple[DebRequest, DebLock]], work: Path, bundle: Path | None) -> MovedPackages:
    """Compares locks with the archives that this host's apt reads. Needs no engine; pulled bases are not compared."""
    moved: list[Moved] = []
    notes: list[str] = []
    groups: dict[object, list[tuple[DebRequest, DebLock]]] = {}
    for request, lock in locks.values():
        key = (request.base.suite, request.base.mirror) if request.base.suite else request.base.image
        groups.setdefault(key, []).append((request, lock))
    for pairs in groups.values():
        base = pairs[0][0].base
        if base.source == "pull":
            notes.append(f"Whether packages of {base.image} moved is known to the apt in it alone: `./build.py lock`.")
            continue
        apt = HostApt(base=base, bundle=bundle, work=work, options=_IMPATIENT)
        try:
            moved += _with_advisories(_moved((lock for _, lock in pairs), apt), apt, DebStore(folder=work / "debs"))
        except RaydockError as error:
            notes.append(f"Not checked whether packages of Debian {base.suite} moved: {error.what}")
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
    """The same with the advisories of security updates, from the changelogs of the packages that the archive offers."""
    versions = {item.name: item.now for item in moved if item.security}
    if not versions:
        return moved
    files = {deb.name: deb for deb in apt.records(versions)}
    store.complete(DebLock(name="the archive", debs=tuple(files.values())), apt)
    changelogs = {name: _changelog(store.path(deb), name) for name, deb in files.items()}
    return [replace(item, advisories=closed(changelogs.get(item.name, ""), item.locked)) for item in moved]


def _changelog(path: Path, name: str) -> str:
    """A package's changelog; empty if it is a link to that of a different package."""
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(path)], capture_output=True, check=False).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        for file in ("changelog.Debian.gz", "changelog.gz"):
            with suppress(KeyError, OSError):
                if found := archive.extractfile(f"./usr/share/doc/{name}/{file}"):
                    return gzip.decompress(found.read()).decode(errors="replace")
    return ""


def closed(changelog: str, locked: str) -> tuple[str, ...]:
    """The CVEs that a Debian changelog names in its entries after the version `locked`.

    A rebuild without a change of source (+b1) has no entry. Source: deb-changelog(5), read 2026-11-29.
    """
    newer = re.split(rf"^\S+ \({re.escape(re.sub(r'[+]b[0-9]+$', '', locked))}\) ", changelog, flags=re.MULTILINE)
    return tuple(dict.fromkeys(_CVE.findall(newer[0]))) if len(newer) > 1 else ()
