"""What apt is asked for: the Debian packages of a base, or those that a group adds to it."""

import json
from dataclasses import dataclass, field
from functools import cached_property

from raydock.core.files import digest_of
from raydock.model.bases import Base
from raydock.model.debs import DebLock

# Raise it if the same request gives another lock: every lock is stale then.
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class DebRequest:
    """One question to apt's solver.

    Attributes:
        name: the lock's name, such as `debian-py311` or, for a group, `debian-py311+media`.
        base: the base in which apt decides.
        packages: the packages by name.
        places: file and line of matrix.yaml that name each package; empty for packages that raydock itself needs.
        below: the lock of the base's own packages, if a group adds these to it.
    """

    name: str
    base: Base
    packages: tuple[str, ...]
    places: tuple[str, ...] = field(default=(), compare=False)
    below: DebLock | None = None

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hexadecimal digest of all that decides the answer, apart from the archive's state."""
        base = self.base
        parts = {
            "format": FORMAT,
            "from": base.suite or base.image,
            "security": not base.mirror or bool(base.mirror.security),
            "packages": sorted(self.packages),
            "below": self.below.sha256 if self.below else "",
        }
        return digest_of(json.dumps(parts, sort_keys=True).encode())

    @property
    def header(self) -> dict[str, str]:
        """The header of its lock."""
        origin = {"suite": self.base.suite} if self.base.suite else {"image": self.base.image.rpartition("@")[2]}
        return {**origin, "requested": " ".join(sorted(self.packages)), "inputs": self.digest}

    def place(self, *packages: str) -> str:
        """Where matrix.yaml names the first of these packages that it names, else the first of all, else the base."""
        named = dict(zip(self.packages, self.places, strict=False))
        return next((named[name] for name in packages if name in named), next(iter(self.places), self.base.place))
