"""The outcome of publishing to one registry."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from raydock.core.errors import RaydockError
from raydock.publish.tagging import Move


@dataclass(frozen=True, kw_only=True)
class Unattached:
    """Files that are not attached to an image.

    Attributes:
        files: their names.
        reason: why the registry did not store them.
    """

    files: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """The outcome of publishing to a registry, or of a dry run.

    Attributes:
        registry: the image repository.
        moves: the tags that moved, or would move.
        attached: the variants that got attachments.
        unchanged: the variants that were already published.
        unattached: the files that are not attached, by variant.
        waiting: the unpublished variants that keep an alias from moving, by alias.
        errors: why a variant is not published, by variant.
        release: the id of the new release; empty if there is none.
    """

    registry: str
    moves: tuple[Move, ...] = ()
    attached: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    unattached: Mapping[str, Unattached] = field(default_factory=dict)
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    errors: Mapping[str, RaydockError] = field(default_factory=dict)
    release: str = ""
