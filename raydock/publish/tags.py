"""The movable tags of a registry: aliases in the grammar of rayproject/ray, and all tags moved at once, or none."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import Version

from raydock.core.errors import OutOfReachError
from raydock.model.variant import NONE, Variant
from raydock.publish.release import AliasTarget, Release
from raydock.publish.store import ReleaseStore
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import Manifest
from raydock.registry.refusals import RefusalCause
from raydock.registry.repository import UnreadableError, verify_image

LATEST = "latest"
# A registry that refuses for one of these causes refuses every tag. It rarely reports that a tag is immutable.
_NOT_IMMUTABLE = {
    RefusalCause.LOGIN,
    RefusalCause.QUOTA,
    RefusalCause.DISK,
    RefusalCause.RATE,
    RefusalCause.BODY_LIMIT,
    RefusalCause.FAILURE,
}


@dataclass(frozen=True, kw_only=True)
class Move:
    """A tag that moves.

    Attributes:
        tag: the tag.
        before: the digest that it named before; None if it did not exist.
        after: the digest that it names now; `new` if the image is not pushed yet.
        variant: the variant's name.
    """

    tag: str
    before: str | None
    after: str
    variant: str


def aliases(variants: Iterable[Variant]) -> dict[str, tuple[Variant, ...]]:
    """Every variant that an alias could name, by alias, oldest first. An alias names the last one.

    Examples: `2.60.0-py311-cu130`, `2.60.0-py311`, `2.60.0` and `latest`.

    As in rayproject/ray, an alias without CUDA names a CPU image, one without Python any Python, and `latest` the
    newest final Ray. The images of rayproject/ray contain only Ray, so an alias names the smallest variants: without
    vllm if one exists, without torch if one exists, and never with a group's additional packages. Of these it names
    the newest (Variant.order).
    """
    named: dict[str, list[Variant]] = {}
    variants = [variant for variant in variants if variant.arch == "amd64" and not variant.flavor]
    for variant in variants:
        for name in _names(variant):
            named.setdefault(name, []).append(variant)
    if rays := {variant.ray for variant in variants if not variant.gpu}:
        newest = max(rays, key=_finals_first)
        named[LATEST] = named[newest]
    return {name: _smallest(candidates) for name, candidates in named.items()}


def _names(variant: Variant) -> Iterator[str]:
    python = f"{variant.ray}-py{variant.python.replace('.', '')}"
    yield f"{python}-{variant.label}"
    if not variant.gpu:
        yield python
        yield variant.ray


def _smallest(variants: list[Variant]) -> tuple[Variant, ...]:
    least = min(map(_parts, variants))
    smallest = (variant for variant in variants if _parts(variant) == least)
    return tuple(sorted(smallest, key=lambda variant: variant.order))


def _parts(variant: Variant) -> tuple[bool, bool]:
    return variant.vllm != NONE, variant.torch != NONE


def _finals_first(ray: str) -> tuple[bool, Version]:
    version = Version(ray)
    return not version.is_prerelease, version


@dataclass(frozen=True, kw_only=True)
class AliasChanges:
    """What happens to the aliases of a plan.

    Attributes:
        move: the variant that each moved alias names from now on, by alias.
        wait: the unpublished variants that keep an alias from moving, by alias.
    """

    move: dict[str, str]
    wait: dict[str, tuple[str, ...]]


def aliases_to_move(
    aliases: Mapping[str, Sequence[Variant]],
    published: Mapping[str, str],
    blocked: Collection[str],
    before: Mapping[str, AliasTarget],
) -> AliasChanges:
    """Decide for each alias of a plan whether it moves.

    An alias moves only when every image that it could name is published and none is blocked.

    aliases: the variants that each alias could name; it names the last one.
    published: the fingerprint of each image that is complete in the registry, by variant.
    blocked: the variants whose newest build could not be published.
    before: what each alias names now.
    """
    move, wait = {}, {}
    for alias, candidates in aliases.items():
        target, known = candidates[-1].name, before.get(alias)
        names = [variant.name for variant in candidates]
        missing = tuple(name for name in names if name not in published or name in blocked)
        if not missing and (known is None or (known.variant, known.fingerprint) != (target, published[target])):
            move[alias] = target
        elif 0 < len(missing) < len(candidates):
            wait[alias] = missing
    return AliasChanges(move=move, wait=wait)


def move_tags(
    releases: ReleaseStore, moves: Sequence[Move], manifests: Mapping[str, Manifest], release: Release | None
) -> None:
    """Move tags of an image repository, then push its release, if any.

    `manifests` are those known to be complete, by digest.

    Raises OutOfReachError if the registry refuses a step, after the moved tags are moved back. A new tag stays, and
    the error names it: not every registry can delete a tag, and it names a complete image.
    """
    missing = {move.after for move in moves}.difference(manifests)
    complete = {**manifests, **{digest: verify_image(releases.images, digest) for digest in missing}}
    newest = releases.push(release) if release else None
    tried: list[Move] = []
    try:
        # Existing tags first: only they can be immutable.
        for move in sorted(moves, key=lambda move: not move.before):
            tried.append(move)
            releases.images.push_manifest(move.tag, complete[move.after])
    except OutOfReachError as error:
        raise _explained(error, releases, moves, tried) from None
    try:
        if newest:
            releases.make_newest(newest)
    except RefusedError as error:
        # Without an answer, the release may have moved, and the moved tags agree with it.
        raise _explained(error, releases, moves, tried) from None


def _explained(
    error: OutOfReachError, releases: ReleaseStore, moves: Sequence[Move], tried: Sequence[Move]
) -> OutOfReachError:
    """Move the tags back; returns the error with every tag that must be movable."""
    stuck = _move_back(releases, tried)
    new = ", ".join(move.tag for move in tried if not move.before)
    error.meaning = (
        f"These tags moved and could not be moved back: {', '.join(stuck)}."
        if stuck
        else "No existing tag changed, and no release was made."
    )
    error.meaning += f" These new tags may remain, and name complete images: {new}." if new else ""
    if isinstance(error, RefusedError) and error.status < 500 and error.cause not in _NOT_IMMUTABLE:
        error.todo = (
            f"exempt these tags from immutability and from protection: {', '.join(move.tag for move in moves)} in "
            f"{releases.images.name}; {releases.latest} in {releases.repository.name} "
            "(docs/reference/registries.md). Then run this again."
        )
    return error


def _move_back(releases: ReleaseStore, tried: Sequence[Move]) -> list[str]:
    """Move existing tags back; returns those for which that failed."""
    remaining = [(move.tag, move.before) for move in tried if move.before]
    try:
        while remaining:
            tag, before = remaining[-1]
            if releases.images.digest(tag) != before:
                releases.images.push_manifest(tag, verify_image(releases.images, before))
            remaining.pop()
    except (OutOfReachError, UnreadableError):
        return [tag for tag, _ in remaining]
    return []
