"""The one file of each pinned package that its variant installs, out of the index's pages: a wheel, if it has any."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version
from pypi_simple import DistributionPackage

from raydock.compat.wheeltags import MACHINES, Platform
from raydock.core.errors import VariantError
from raydock.index.pages import too_new
from raydock.lock.request import LockRequest


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A wheel, or a source distribution; `size` in bytes, None where the index does not tell.

    `others` are the sha256 of the files that other indexes offer in its place; `build` is what a source distribution is
    built with, where that is known: requirements with hashes.
    """

    project: str
    version: str
    filename: str
    sha256: str
    size: int | None
    requires_python: str
    yanked: bool
    others: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    @property
    def hashes(self) -> tuple[str, ...]:
        """Installers' options for all that may be installed for it."""
        return tuple(f"--hash=sha256:{sha256}" for sha256 in (self.sha256, *self.others))

    @property
    def requirement(self) -> str:
        """Its pin with its hashes, on one line."""
        return " ".join((f"{self.project}=={self.version}", *self.hashes))


def choose(request: LockRequest, project: str, version: str, *offers: Iterable[DistributionPackage]) -> Artifact:
    """The wheel that a request's platform installs for a pin, or the source distribution of one of its `sources`.

    `offers` are the files of one index each. Indexes may offer different files for one version, also under one name,
    and an installer may take any index's: the best of each index is known to the artifact. Raises VariantError where no
    index has one.
    """
    fitting = (_fitting(request, project, version, offer) for offer in offers)
    found = sorted((min(some, key=itemgetter(0)) for some in fitting if some), key=itemgetter(0))
    if not found:
        kind = "sdist" if project in request.sources else "wheel"
        raise VariantError(
            f"{project} {version} has no {kind} with a sha256 for Python {request.python}"
            f" on {MACHINES[request.arch]} with glibc {request.glibc}.",
            todo="choose a version that has one, or a base with a newer glibc.",
        )
    file = found[0][1]
    sha256, *others = dict.fromkeys(item.digests["sha256"] for _, item in found)
    return Artifact(
        project=project,
        version=version,
        filename=file.filename,
        sha256=sha256,
        size=file.size,
        requires_python=file.requires_python or "",
        yanked=file.is_yanked,
        others=tuple(others),
    )


def _fitting(
    request: LockRequest, project: str, version: str, offer: Iterable[DistributionPackage]
) -> list[tuple[tuple[object, ...], DistributionPackage]]:
    """The files of an index that may be installed for a pin, each with how well it fits: the lowest the best."""
    platform = Platform(request.python, request.arch, request.glibc)
    kind = "sdist" if project in request.sources else "wheel"
    fitting: list[tuple[tuple[object, ...], DistributionPackage]] = []
    for file in offer:
        if file.package_type != kind or not _of(file, version) or too_new(file, request.before):
            continue
        rank = platform.rank(file.filename) if kind == "wheel" else (0, 0)
        if rank is not None and "sha256" in file.digests:
            fitting.append(((file.is_yanked, *rank, file.filename), file))
    return fitting


def _of(file: DistributionPackage, version: str) -> bool:
    try:
        parsed = parse_sdist_filename if file.package_type == "sdist" else parse_wheel_filename
        return parsed(file.filename)[1] == Version(version)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return False
