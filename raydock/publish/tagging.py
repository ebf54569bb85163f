"""Moves the tags of a registry, and its release with them: all, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raydock.core.errors import OutOfReachError
from raydock.publish.release import Release
from raydock.publish.store import ReleaseStore
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import Manifest
from raydock.registry.refusals import RefusalCause
from raydock.registry.repository import Repository, UnreadableError
from raydock.registry.whole import whole

# A registry that refuses for one of these would refuse any tag. It rarely says that a tag is immutable.
_OTHER = {
    RefusalCause.LOGIN,
    RefusalCause.QUOTA,
    RefusalCause.DISK,
    RefusalCause.RATE,
    RefusalCause.BODY_LIMIT,
    RefusalCause.FAILURE,
}


@dataclass(frozen=True, kw_only=True)
class Move:
    """A tag that moves: the digest that it named before (empty: none) and the one after (`new`: known once pushed)."""

    tag: str
    before: str
    after: str
    variant: str


@dataclass(frozen=True, kw_only=True)
class Tags:
    """The tags of an image repository, and its releases."""

    repository: Repository
    releases: ReleaseStore

    def move(self, moves: Sequence[Move], manifests: Mapping[str, Manifest], release: Release | None) -> None:
        """Moves tags and with them the newest release, if any. `manifests` are those known to be whole, by digest.

        Raises OutOfReachError if the registry refuses a step, after it moved back what it had moved. A tag that was not
        there before stays: not every registry can delete one, and it names a whole image.
        """
        missing = {move.after for move in moves}.difference(manifests)
        whole_ones = {**manifests, **{digest: whole(self.repository, digest) for digest in missing}}
        newest = self.releases.keep(release) if release else None
        tried: list[Move] = []
        try:
            # Tags that exist come first: only they can be immutable.
            for move in sorted(moves, key=lambda move: not move.before):
                tried.append(move)
                self.repository.put(move.tag, whole_ones[move.after])
        except OutOfReachError as error:
            raise self._stopped(error, moves, tried) from None
        try:
            if newest:
                self.releases.make_newest(newest)
        except RefusedError as error:
            # Not without an answer: it may have moved, and then the tags agree with it.
            raise self._stopped(error, moves, tried) from None

    def _stopped(self, error: OutOfReachError, moves: Sequence[Move], tried: Sequence[Move]) -> OutOfReachError:
        """The error, after the tags moved back, with every tag that must be able to move."""
        stuck = self._move_back(tried)
        error.meaning = (
            f"These tags moved and could not be moved back: {', '.join(stuck)}."
            if stuck
            else "No tag that was there before and no release changed."
        )
        if isinstance(error, RefusedError) and error.status < 500 and error.cause not in _OTHER:
            error.todo = (
                f"exempt these tags from immutability and from protection: {', '.join(move.tag for move in moves)} in "
                f"{self.repository.name}; {self.releases.latest} in {self.releases.repository.name} "
                "(docs/reference/registries.md). Then run this again."
            )
        return error

    def _move_back(self, tried: Sequence[Move]) -> list[str]:
        """Moves tags back that were there before; returns those for which that failed."""
        left = [move for move in tried if move.before]
        try:
            while left:
                if self.repository.digest(left[-1].tag) != left[-1].before:
                    self.repository.put(left[-1].tag, whole(self.repository, left[-1].before))
                left.pop()
        except (OutOfReachError, UnreadableError):
            return [move.tag for move in left]
        return []
