"""How far versions are from each other."""

from collections.abc import Iterable
from functools import lru_cache

from packaging.version import InvalidVersion, Version

from raydock.model.variant import CPU

ABSENT = -(10**12)


@lru_cache(maxsize=10_000)
def position(value: str) -> int:
    """Where a value stands on its axis; two values' distance is the difference of their positions.

    Major, minor and micro weigh 10**8, 10**4 and 1. `cpu` stands at 0 and `none` far off: it is a longer way to
    another set of packages than to another CUDA.
    """
    if value == CPU:
        return 0
    try:
        release = Version(value).release
    except InvalidVersion:
        return ABSENT
    major, minor, micro = (*release, 0, 0)[:3]
    return major * 10**8 + minor * 10**4 + micro


def closest(value: str, known: Iterable[str]) -> str | None:
    """The known version nearest to `value`, the newer of two equally far; the newest where `value` is not a version.

    None where none is known.
    """
    here = position(value)
    if here == ABSENT:
        return max(known, key=position, default=None)
    return min(known, key=lambda other: (abs(position(other) - here), -position(other)), default=None)
