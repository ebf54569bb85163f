"""Reads the facts about releases from a package index with small requests."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from packaging.metadata import RawMetadata, parse_email
from packaging.version import InvalidVersion, Version
from pypi_simple import DistributionPackage

from raydock.compat.wheeltags import needed_glibc
from raydock.core.errors import ConfigurationError, OutOfReachError, RaydockError
from raydock.core.models import Dated
from raydock.core.parallel import readers
from raydock.core.yamlfile import shipped
from raydock.index.client import Index
from raydock.index.page import Page
from raydock.model.facts import PROJECTS, Facts, Key, ProjectRelease, Wheel
from raydock.model.matrix import Matrix
from raydock.model.variant import NONE, Axis
from raydock.model.variant import label as label_of
from raydock.model.versions import closest

SOURCE = "package index"

_WORKERS = 8

Files = tuple[DistributionPackage, ...]


class OldestReleases(Dated, frozen=True, kw_only=True):
    """releases.yaml.

    Attributes:
        oldest: for each project, the version from which on all final releases are read.
    """

    oldest: dict[str, Version]


def oldest() -> Mapping[str, Version]:
    """For each project, the oldest version whose facts are read (data/releases.yaml)."""
    return shipped("index/data/releases.yaml", OldestReleases).oldest


@dataclass(frozen=True)
class Offer:
    """The files of a release in an index.

    Attributes:
        index: the index.
        source: the name of the index in the facts.
        files: the files of the release.
    """

    index: Index
    source: str
    files: Files


@dataclass(frozen=True)
class OfferedReleases:
    """The releases that the indexes list now.

    Attributes:
        offers: the files of each release.
    """

    offers: Mapping[Key, Offer]

    def changes(self, known: Facts) -> dict[Key, str]:
        """The releases that differ from the known facts, with the differences.

        Includes removed releases.
        """
        differences = {
            key: _change(known.releases[key], offer.files)
            for key, offer in self.offers.items()
            if key in known.releases
        }
        differences |= {key: "is new" for key in self.offers if key not in known.releases}
        differences |= {key: "was removed from the index" for key in known.releases if key not in self.offers}
        return {key: difference for key, difference in sorted(differences.items()) if difference}

    def uploaded(self, key: Key) -> date | None:
        """The day on which the last wheel of a release was uploaded; None if the index does not say."""
        files = self.offers[key].files
        return max((file.upload_time.date() for file in files if _linux(file) and file.upload_time), default=None)

    def refresh(self, known: Facts, today: date, on_progress: Callable[[str], None]) -> Facts:
        """The facts about these releases; releases that changed are read again.

        They are read in parallel. `on_progress` gets the name of each release that is read. Raises OutOfReachError if
        the index cannot be read.
        """
        changed = [key for key in self.changes(known) if key in self.offers]
        releases = {key: known.releases[key] for key in self.offers if key in known.releases}
        with readers(_WORKERS) as pool:
            for job in as_completed([pool.submit(_release, key, self.offers[key], today) for key in changed]):
                release = job.result()
                releases[release.project, release.version] = release
                on_progress(str(release))
        return Facts(releases)


def survey(matrix: Matrix, index: Index) -> OfferedReleases:
    """Lists the releases in the index that the facts describe.

    They are those in the matrix, and final ones from `oldest` on with a wheel for Linux. An index for one CUDA adds
    torch's builds for that CUDA. Raises ConfigurationError if the default index does not have a version in the matrix,
    OutOfReachError if an index cannot be read.
    """
    with readers(len(PROJECTS)) as pool:
        pages = dict(zip(PROJECTS, pool.map(index.page, PROJECTS), strict=True))
    files: dict[Key, Files] = {}
    for project, axis in PROJECTS.items():
        known = _versions(pages[project])
        named = [version for version in matrix.values(axis) if version != NONE]
        if named and not known:
            raise _missing(index, project, pages[project])
        files |= {(project, version): _named(known, project, version) for version in named}
        files |= {(project, str(version)): known[version] for version in known if _useful(project, version, known)}
    return OfferedReleases(
        {key: Offer(index, SOURCE, listed) for key, listed in files.items()} | _builds(matrix, index)
    )


def _builds(matrix: Matrix, index: Index) -> dict[Key, Offer]:
    """torch's builds for one CUDA in the index for that CUDA.

    They have local versions (PEP 440).
    """
    offers: dict[Key, Offer] = {}
    for label in dict.fromkeys(map(label_of, matrix.values(Axis.CUDA))):
        if label in matrix.indexes:
            own = index.for_cuda(label, matrix.indexes[label])
            known = _versions(own.page("torch"))
            builds = (f"{version}+{label}" for version in matrix.values(Axis.TORCH) if version != NONE)
            listed = {build: known[Version(build)] for build in builds if Version(build) in known}
            offers |= {("torch", build): Offer(own, f"{SOURCE} {label}", files) for build, files in listed.items()}
    return offers


def _missing(index: Index, project: str, page: Page) -> RaydockError:
    todo = "name an index that has it in UV_DEFAULT_INDEX, or unset that variable."
    if page.refused:
        return OutOfReachError(f"{index.address.label} answered 403 Forbidden for the project {project!r}.", todo=todo)
    return ConfigurationError(f"{index.address.label} has no project {project!r}.", todo=todo)


def _versions(page: Page) -> dict[Version, Files]:
    """The files of each version of a project."""
    versions: dict[Version, Files] = {}
    for file in page.files:
        with suppress(InvalidVersion):
            version = Version(file.version or "")
            versions[version] = (*versions.get(version, ()), file)
    return versions


def _useful(project: str, version: Version, known: Mapping[Version, Files]) -> bool:
    return version >= oldest()[project] and not version.is_prerelease and any(map(_linux, known[version]))


def _named(known: Mapping[Version, Files], project: str, version: str) -> Files:
    """The files of one version.

    Raises ConfigurationError, with the nearest version, if there are none.
    """
    files = known.get(Version(version), ())
    if not files:
        near = closest(version, (str(other) for other in known if not other.is_prerelease))
        hint = f"Did you mean {near!r}?" if near else f"The index has no version of {project}."
        raise ConfigurationError(
            f"{project} {version} is not in the package index.", todo=f"{hint} Use a version that the index has."
        )
    return files


def _change(known: ProjectRelease, files: Files) -> str:
    """The differences between the files of a release and the known facts.

    Empty if there are none.
    """
    before, now = {wheel.filename: wheel for wheel in known.wheels}, {wheel.filename: wheel for wheel in _wheels(files)}
    both = before.keys() & now.keys()
    changes = [
        *(f"gained {name}" for name in sorted(now.keys() - before.keys())),
        *(f"lost {name}" for name in sorted(before.keys() - now.keys())),
        *(f"yanked {name}" for name in sorted(both) if now[name].yanked and not before[name].yanked),
        *(f"no longer yanks {name}" for name in sorted(both) if before[name].yanked and not now[name].yanked),
        *(f"changed {name}" for name in sorted(both) if before[name].sha256 != now[name].sha256),
    ]
    if known.sdist != _sdist(files):
        changes.append(f"has {_sdist(files) or 'no source'} instead of {known.sdist or 'no source'}")
    return ", ".join(changes)


def _release(key: Key, offer: Offer, today: date) -> ProjectRelease:
    files = offer.files
    wheels = [file for file in files if _linux(file)]
    core_metadata = metadata(offer.index, wheels) if wheels else {}
    days = sorted(file.upload_time.date() for file in files if file.upload_time)
    declared = next((file.requires_python for file in files if file.requires_python), "")
    project, version = key
    return ProjectRelease(
        project=project,
        version=version,
        requires_python=core_metadata.get("requires_python", declared),
        requires_dist=tuple(core_metadata.get("requires_dist", ())),
        wheels=tuple(_wheels(files)),
        sdist=_sdist(files),
        uploaded=days[0].isoformat() if days else "",
        source=offer.source,
        read=today.isoformat(),
    )


def _wheels(files: Iterable[DistributionPackage]) -> Iterator[Wheel]:
    for file in sorted(filter(_linux, files), key=lambda file: file.filename):
        digest = file.digests.get("sha256", "")
        yield Wheel(filename=file.filename, size=file.size or 0, sha256=digest, yanked=file.is_yanked)


def _sdist(files: Iterable[DistributionPackage]) -> str:
    return min((file.filename for file in files if file.package_type == "sdist"), default="")


def metadata(index: Index, wheels: Sequence[DistributionPackage]) -> RawMetadata:
    """The core metadata of a release, from its smallest wheel."""
    wheel = min(wheels, key=lambda file: (file.is_yanked, file.size or 0, file.filename))
    return parse_email(index.metadata(wheel))[0]


def _linux(file: DistributionPackage) -> bool:
    """Whether a file is a wheel for x86-64 Linux with glibc (PEP 600).

    A wheel for any platform is one too.
    """
    platforms = file.filename.removesuffix(".whl").rpartition("-")[2].split(".")
    return file.package_type == "wheel" and any(needed_glibc(platform, "amd64") is not None for platform in platforms)
