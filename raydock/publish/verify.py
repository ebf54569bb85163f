"""Compare a registry with its release: every tag, every digest, every image."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import Any

from raydock.core.parallel import in_parallel
from raydock.plan.output import count
from raydock.publish.release import PublishedImage, Release
from raydock.publish.store import ReleaseStore
from raydock.registry.referrers import attached
from raydock.registry.repository import Repository, UnreadableError, find_image_problem

SCHEMA = 1
_PARALLEL_REQUESTS = 8


class DifferenceKind(StrEnum):
    """How a registry differs from its release."""

    MISSING = "missing"
    MOVED = "moved"
    UNREADABLE = "unreadable"
    DETACHED = "detached"


@dataclass(frozen=True, kw_only=True)
class RegistryDifference:
    """One difference between a registry and its release.

    Attributes:
        kind: the kind of difference.
        of: the tag, or the digest of an image.
        detail: what is wrong.
    """

    kind: DifferenceKind
    of: str
    detail: str


def verify(releases: ReleaseStore, release: Release) -> list[RegistryDifference]:
    """Every difference between a registry and its release.

    That is: tags that are missing or name a different image, incomplete images, and attachments that are gone.
    """
    repository = releases.images
    tags = {alias: named.digest for alias, named in release.aliases.items()}
    for entry in release.entries:
        tags |= {entry.tag: entry.digest, entry.name: entry.digest}
    tagged = in_parallel(lambda tag: _check_tag(repository, tag, tags[tag]), tags, _PARALLEL_REQUESTS)
    # An alias can name an older image than the tag of its variant does.
    digests = sorted({*tags.values()})
    broken = in_parallel(lambda digest: _check_image(repository, digest), digests, _PARALLEL_REQUESTS)
    detached = in_parallel(
        lambda entry: list(_check_attachments(repository, entry)), release.entries, _PARALLEL_REQUESTS
    )
    release_tag = _check_release_tag(releases, release.id)
    return [*filter(None, tagged), *filter(None, broken), *chain.from_iterable(detached), *release_tag]


def unattached(release: Release) -> dict[str, tuple[str, ...]]:
    """The files that the registry did not store when an image was published.

    By the image's immutable tag.
    """
    return {entry.tag: entry.unattached for entry in release.entries if entry.unattached}


def document(release: Release, differences: Sequence[RegistryDifference]) -> dict[str, Any]:
    """The document of `verify --json` (docs/reference/json.md)."""
    return {
        "schema": SCHEMA,
        "release": release.id,
        "images": len(release.entries),
        "unattached": {tag: list(files) for tag, files in unattached(release).items()},
        "differences": [asdict(difference) for difference in differences],
    }


def format_differences(release: Release, differences: Sequence[RegistryDifference]) -> str:
    """The differences as text, one per line, and a summary line."""
    lines = [f"{difference.of}: {difference.kind}: {difference.detail}" for difference in differences]
    lines += [
        f"{tag}: not attached because the registry did not store them: {', '.join(files)}; `publish` tries again"
        for tag, files in unattached(release).items()
    ]
    images, aliases = count(len(release.entries), "image"), count(len(release.aliases), "alias", "aliases")
    return "\n".join([*lines, f"release {release.id}: {images}, {aliases}, {count(len(differences), 'difference')}."])


def _check_release_tag(releases: ReleaseStore, release: str) -> list[RegistryDifference]:
    """Check that the newest release also has its own tag."""
    repository = releases.repository
    difference = _check_tag(repository, release, repository.digest(releases.latest) or "")
    return [replace(difference, of=f"{repository.name.path}:{release}")] if difference else []


def _check_tag(repository: Repository, tag: str, digest: str) -> RegistryDifference | None:
    current = repository.digest(tag)
    if current is None:
        return RegistryDifference(kind=DifferenceKind.MISSING, of=tag, detail=f"the release has {digest}")
    detail = f"it names {current}, but the release has {digest}"
    return RegistryDifference(kind=DifferenceKind.MOVED, of=tag, detail=detail) if current != digest else None


def _check_image(repository: Repository, digest: str) -> RegistryDifference | None:
    problem = find_image_problem(repository, digest)
    return RegistryDifference(kind=DifferenceKind.UNREADABLE, of=digest, detail=problem) if problem else None


def _check_attachments(repository: Repository, entry: PublishedImage) -> Iterator[RegistryDifference]:
    if not entry.attached:
        return
    try:
        artifacts = attached(repository, entry.digest)
    except UnreadableError as error:
        yield RegistryDifference(kind=DifferenceKind.UNREADABLE, of=entry.tag, detail=error.what)
        return
    for name, digest in entry.attached.items():
        if digest not in artifacts:
            detail = f"{name} ({digest}) is not attached to it"
            yield RegistryDifference(kind=DifferenceKind.DETACHED, of=entry.tag, detail=detail)
        elif problem := find_image_problem(repository, digest):
            yield RegistryDifference(kind=DifferenceKind.UNREADABLE, of=entry.tag, detail=f"{name}: {problem}")
