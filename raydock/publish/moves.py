"""Which aliases move, and which wait."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from raydock.publish.release import Named
from raydock.publish.tags import Alias


@dataclass(frozen=True, kw_only=True)
class Aliases:
    """`move`: the variant that each alias shall name. `wait`: what is not published, for each alias that could name
    something else that is."""

    move: dict[str, str]
    wait: dict[str, tuple[str, ...]]


def aliases_to_move(
    aliases: Mapping[str, Alias], held: Mapping[str, str], blocked: Collection[str], before: Mapping[str, Named]
) -> Aliases:
    """What becomes of the aliases of a plan.

    `held` are the fingerprints of what the registry holds whole, by variant; `blocked` the variants whose newest build
    could not be published; `before` what each alias names. An alias moves only once every image that it could name is
    held and none is blocked.
    """
    move, wait = {}, {}
    for name, alias in aliases.items():
        target, known = alias.target.name, before.get(name)
        missing = tuple(item.name for item in alias.candidates if item.name not in held or item.name in blocked)
        if not missing and (known is None or (known.variant, known.fingerprint) != (target, held[target])):
            move[name] = target
        elif 0 < len(missing) < len(alias.candidates):
            wait[name] = missing
    return Aliases(move=move, wait=wait)
