"""The distance between versions."""

from collections.abc import Iterable
from functools import lru_cache

from packaging.version import InvalidVersion, Version

from raydock.model.variant import CPU

ABSENT = -(10**12)


@lru_cache(maxsize=10_000)
def position(value: str) -> int:
    """The position of a value on its axis. The distance of two values is the difference of their positions.

    The weights of major, minor and micro are 10**8, 10**4 and 1. `cpu` is at 0, and `none` is far from all versions:
    a different set of packages is more distant than a different CUDA.
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
    """The known version that is closest to `value`; the newer one of two at the same distance.

    The newest version if `value` is not a version; None if `known` is empty.
    """
    center = position(value)
    if center == ABSENT:
        return max(known, key=position, default=None)
    return min(known, key=lambda version: (abs(position(version) - center), -position(version)), default=None)
