"""Choose the file that a variant installs for each pin from the index's pages.

It is a wheel if the package has one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from pypi_simple import DistributionPackage

from raydock.compat.wheeltags import MACHINES, Platform
from raydock.core.errors import VariantError
from raydock.index.pages import too_new
from raydock.lock.request import LockRequest


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A wheel or a source distribution that is locked.

    Attributes:
        project: the package's canonical name.
        version: its version.
        filename: the file's name.
        sha256: the file's hexadecimal sha256.
        size: the file's size in bytes; None if the index does not list it.
        requires_python: the release's Requires-Python; empty if it has none.
        yanked: whether the file is yanked (PEP 592).
        others: the sha256 of files that different indexes offer in its place.
        build: the packages that build a source distribution, as requirements with hashes; empty for a wheel.
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
        """The installer options for all files that may be installed for it."""
        return tuple(f"--hash=sha256:{sha256}" for sha256 in (self.sha256, *self.others))

    @property
    def requirement(self) -> str:
        """The pin with its hashes, on one line."""
        return " ".join((f"{self.project}=={self.version}", *self.hashes))


def choose(request: LockRequest, project: str, version: str, *offers: Iterable[DistributionPackage]) -> Artifact:
    """Choose the wheel that a request's platform installs for a pin.

    For a project in `request.sources`, choose its source distribution. Indexes may offer different files for one
    version, also under one name, and an installer may take the file of any index. So the artifact has the sha256 of the
    best file of each index.

    offers: the files of that version of each index.

    Raises VariantError if no index has a file.
    """
    compatible = (_compatible_files(request, project, offer) for offer in offers)
    best = sorted((min(files, key=itemgetter(0)) for files in compatible if files), key=itemgetter(0))
    if not best:
        kind = "sdist" if project in request.sources else "wheel"
        raise VariantError(
            f"{project} {version} has no {kind} with a sha256 for Python {request.python}"
            f" on {MACHINES[request.arch]} with glibc {request.glibc}.",
            todo="choose a version that has one, or a base with a newer glibc.",
        )
    file = best[0][1]
    sha256, *others = dict.fromkeys(index_file.digests["sha256"] for _, index_file in best)
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


def _compatible_files(
    request: LockRequest, project: str, offer: Iterable[DistributionPackage]
) -> list[tuple[tuple[object, ...], DistributionPackage]]:
    """The files of an index that may be installed for a pin, each with a sort key: the best file has the lowest."""
    platform = Platform(request.python, request.arch, request.glibc)
    kind = "sdist" if project in request.sources else "wheel"
    compatible: list[tuple[tuple[object, ...], DistributionPackage]] = []
    for file in offer:
        if file.package_type != kind or too_new(file, request.before):
            continue
        rank = platform.rank(file.filename) if kind == "wheel" else (0, 0)
        if rank is not None and "sha256" in file.digests:
            compatible.append(((file.is_yanked, *rank, file.filename), file))
    return compatible
