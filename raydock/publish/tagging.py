"""Move the tags of a registry and its release: all of them, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raydock.core.errors import OutOfReachError
from raydock.publish.release import Release
from raydock.publish.store import ReleaseStore
from raydock.registry.errors import RefusedError
from raydock.registry.integrity import verify_image
from raydock.registry.manifest import Manifest
from raydock.registry.refusals import RefusalCause
from raydock.registry.repository import Repository, UnreadableError

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
        before: the digest that it named before; empty if it did not exist.
        after: the digest that it names now; `new` if the image is not pushed yet.
        variant: the variant's name.
    """

    tag: str
    before: str
    after: str
    variant: str


@dataclass(frozen=True, kw_only=True)
class Tags:
    """The tags of an image repository and its releases.

    Attributes:
        repository: the image repository.
        releases: the releases of the repository.
    """

    repository: Repository
    releases: ReleaseStore

    def move(self, moves: Sequence[Move], manifests: Mapping[str, Manifest], release: Release | None) -> None:
        """Move tags, then push the release, if any.

        `manifests` are those known to be complete, by digest.

        Raises OutOfReachError if the registry refuses a step, after the moved tags are moved back. A new tag stays, and
        the error names it: not every registry can delete a tag, and it names a complete image.
        """
        missing = {move.after for move in moves}.difference(manifests)
        complete = {**manifests, **{digest: verify_image(self.repository, digest) for digest in missing}}
        newest = self.releases.push(release) if release else None
        tried: list[Move] = []
        try:
            # Existing tags first: only they can be immutable.
            for move in sorted(moves, key=lambda move: not move.before):
                tried.append(move)
                self.repository.push_manifest(move.tag, complete[move.after])
        except OutOfReachError as error:
            raise self._explain(error, moves, tried) from None
        try:
            if newest:
                self.releases.make_newest(newest)
        except RefusedError as error:
            # If there is no answer, the release may have moved: then the moved tags agree with it.
            raise self._explain(error, moves, tried) from None

    def _explain(self, error: OutOfReachError, moves: Sequence[Move], tried: Sequence[Move]) -> OutOfReachError:
        """Move the tags back; returns the error with every tag that must be movable."""
        stuck = self._move_back(tried)
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
                f"{self.repository.name}; {self.releases.latest} in {self.releases.repository.name} "
                "(docs/reference/registries.md). Then run this again."
            )
        return error

    def _move_back(self, tried: Sequence[Move]) -> list[str]:
        """Move existing tags back; returns those for which that failed."""
        remaining = [move for move in tried if move.before]
        try:
            while remaining:
                if self.repository.digest(remaining[-1].tag) != remaining[-1].before:
                    self.repository.push_manifest(
                        remaining[-1].tag, verify_image(self.repository, remaining[-1].before)
                    )
                remaining.pop()
        except (OutOfReachError, UnreadableError):
            return [move.tag for move in remaining]
        return []
