"""Decide which aliases move and which wait."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from raydock.publish.release import AliasTarget
from raydock.publish.tags import Alias


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
    aliases: Mapping[str, Alias],
    published: Mapping[str, str],
    blocked: Collection[str],
    before: Mapping[str, AliasTarget],
) -> AliasChanges:
    """Decide for each alias of a plan whether it moves.

    An alias moves only when every image that it could name is published and none is blocked.

    published: the fingerprint of each image that is complete in the registry, by variant.
    blocked: the variants whose newest build could not be published.
    before: what each alias names now.
    """
    move, wait = {}, {}
    for alias_name, alias in aliases.items():
        target, known = alias.target.name, before.get(alias_name)
        names = [variant.name for variant in alias.candidates]
        missing = tuple(name for name in names if name not in published or name in blocked)
        if not missing and (known is None or (known.variant, known.fingerprint) != (target, published[target])):
            move[alias_name] = target
        elif 0 < len(missing) < len(alias.candidates):
            wait[alias_name] = missing
    return AliasChanges(move=move, wait=wait)
