"""A registry against its release: every tag, every digest, every image."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from raydock.core.parallel import in_parallel
from raydock.publish.release import PublishedImage, Release
from raydock.publish.store import ReleaseStore
from raydock.registry.referrers import attached
from raydock.registry.repository import Repository, UnreadableError
from raydock.registry.whole import whole

SCHEMA = 1
_AT_A_TIME = 8


class DifferenceKind(StrEnum):
    """How a registry differs from its release."""

    MISSING = "missing"
    MOVED = "moved"
    UNREADABLE = "unreadable"
    DETACHED = "detached"


@dataclass(frozen=True, kw_only=True)
class RegistryDifference:
    """One difference: what of, a tag or an image by digest, and what is wrong in words."""

    kind: DifferenceKind
    of: str
    detail: str


def verify(releases: ReleaseStore, release: Release) -> list[RegistryDifference]:
    """Everything in which a registry differs from its release: tags that are missing or name something else, images
    that cannot be read whole, and what is no longer attached to them."""
    repository = releases.images
    tags = {alias: named.digest for alias, named in release.aliases.items()}
    for item in release.entries:
        tags |= {item.tag: item.digest, item.name: item.digest}
    found = in_parallel(lambda tag: _tag(repository, tag, tags[tag]), tags, _AT_A_TIME)
    # An alias may still name an image that its variant's own tag has left.
    digests = sorted({*tags.values()})
    broken = in_parallel(lambda digest: _image(repository, digest), digests, _AT_A_TIME)
    loose = in_parallel(lambda item: list(_attached(repository, item)), release.entries, _AT_A_TIME)
    kept = _kept(releases, release.id)
    return [*filter(None, found), *filter(None, broken), *(item for items in loose for item in items), *kept]


def unattached(release: Release) -> dict[str, tuple[str, ...]]:
    """The files that the registry did not store when an image was published, by the image's tag."""
    return {item.tag: item.unattached for item in release.entries if item.unattached}


def document(release: Release, differences: Sequence[RegistryDifference]) -> dict[str, Any]:
    """`verify --json` (docs/reference/json.md)."""
    return {
        "schema": SCHEMA,
        "release": release.id,
        "images": len(release.entries),
        "unattached": {tag: list(files) for tag, files in unattached(release).items()},
        "differences": [asdict(item) for item in differences],
    }


def words(release: Release, differences: Sequence[RegistryDifference]) -> str:
    """The same in lines."""
    lines = [f"{item.of}: {item.kind}: {item.detail}" for item in differences]
    lines += [
        f"{tag}: not attached, since the registry did not store them: {', '.join(files)}; `publish` tries again"
        for tag, files in unattached(release).items()
    ]
    counts = f"{len(release.entries)} images, {len(release.aliases)} aliases, {len(differences)} differences"
    return "\n".join([*lines, f"release {release.id}: {counts}."])


def _kept(releases: ReleaseStore, release: str) -> list[RegistryDifference]:
    """The newest release under its own tag too."""
    kept = releases.repository
    difference = _tag(kept, release, kept.digest(releases.latest) or "")
    return [replace(difference, of=f"{kept.name.path}:{release}")] if difference else []


def _tag(repository: Repository, tag: str, digest: str) -> RegistryDifference | None:
    there = repository.digest(tag)
    if there is None:
        return RegistryDifference(kind=DifferenceKind.MISSING, of=tag, detail=f"the release says {digest}")
    if there != digest:
        return RegistryDifference(
            kind=DifferenceKind.MOVED, of=tag, detail=f"it names {there}, and the release says {digest}"
        )
    return None


def _image(repository: Repository, digest: str) -> RegistryDifference | None:
    try:
        whole(repository, digest)
    except UnreadableError as error:
        return RegistryDifference(kind=DifferenceKind.UNREADABLE, of=digest, detail=error.what)
    return None


def _attached(repository: Repository, item: PublishedImage) -> Iterator[RegistryDifference]:
    if not item.attached:
        return
    try:
        there = attached(repository, item.digest)
    except UnreadableError as error:
        yield RegistryDifference(kind=DifferenceKind.UNREADABLE, of=item.tag, detail=error.what)
        return
    for name, digest in item.attached.items():
        if digest not in there:
            yield RegistryDifference(
                kind=DifferenceKind.DETACHED, of=item.tag, detail=f"{name} ({digest}) is not attached to it"
            )
            continue
        try:
            whole(repository, digest)
        except UnreadableError as error:
            yield RegistryDifference(kind=DifferenceKind.UNREADABLE, of=item.tag, detail=f"{name}: {error.what}")
