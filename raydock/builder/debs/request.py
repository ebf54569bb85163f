"""A request to apt's solver for the packages of a base or of a group."""

import json
from dataclasses import dataclass, field
from functools import cached_property

from raydock.core.files import digest_of
from raydock.model.bases import Base
from raydock.model.debs import DebLock

# Increase it if the same request gives a different lock; this makes every lock stale.
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class DebRequest:
    """One request to apt's solver.

    Attributes:
        name: the name of the lock, such as `debian-py311` or, for a group, `debian-py311+media`.
        base: the base for which packages are chosen.
        packages: the names of the requested packages.
        places: file and line of each package in matrix.yaml; empty for packages that raydock itself needs.
        below: for a group, the lock of the base to which it adds packages.
    """

    name: str
    base: Base
    packages: tuple[str, ...]
    places: tuple[str, ...] = field(default=(), compare=False)
    below: DebLock | None = None

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hexadecimal digest of the inputs of the solver.

        The state of the archive is not included.
        """
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
        """The header of the lock."""
        origin = {"suite": self.base.suite} if self.base.suite else {"image": self.base.image.rpartition("@")[2]}
        return {**origin, "requested": " ".join(sorted(self.packages)), "inputs": self.digest}

    def place(self, *packages: str) -> str:
        """The place in matrix.yaml of the first of these packages.

        Otherwise, it is that of the first requested package, or of the base.
        """
        places = dict(zip(self.packages, self.places, strict=False))
        return next((places[name] for name in packages if name in places), next(iter(self.places), self.base.place))
