"""A lock: every package of a variant, pinned with hashes, as pip's requirements format has it.

A lock begins with a header that raydock writes (see raydock/lock/lockfile.py). Then follow the pins as uv and
pip-compile write them, each with its hashes and with comments `# via` that name what requires it.
"""

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

from packaging.utils import canonicalize_name

from raydock.core.errors import ConfigurationError
from raydock.model.sealed import read_header

# The key of the header with the cut-off day.
CUTOFF = "cutoff"
# The key of the header that names the indexes whose pages give no upload times.
NO_CUTOFF = "no-cutoff"
# It begins with a line break: a search for it is much faster than for the begin of a line.
_PIN = re.compile(r"\n(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")
_VIA = re.compile(r"^    #(?: via +|   )(\S+)", re.MULTILINE)
_BUILT = re.compile(r"^    # built with (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """A pinned package.

    Attributes:
        name: its canonical name (PEP 503).
        version: its version.
        text: its lines in the lock.
    """

    name: str
    version: str
    text: str = field(repr=False)

    @cached_property
    def via(self) -> tuple[str, ...]:
        """The canonical names of the packages that require it, without the matrix.yaml that requests it."""
        names = _VIA.findall(self.text)
        return tuple(canonicalize_name(name.split("[")[0]) for name in names if not name.startswith("-"))

    @cached_property
    def build(self) -> tuple[str, ...]:
        """The packages that build it, as requirements with hashes; empty for a wheel."""
        return tuple(_BUILT.findall(self.text))

    @cached_property
    def requirement(self) -> str:
        """Its lines without comments."""
        lines = (line for line in self.text.splitlines() if line and not line.lstrip().startswith("#"))
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, eq=False)
class Lock:
    """A lock. Locks with the same text are one object, so that functions can cache results by lock.

    Attributes:
        text: its text.
        header: the values of raydock's own lines, by key.
        pins: its pins by name, in the file's order.
    """

    text: str
    header: dict[str, str]
    pins: dict[str, Pin]

    @cached_property
    def sha256(self) -> str:
        """The hexadecimal sha256 of the whole text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def version(self, name: str) -> str | None:
        """The pinned version of a package; None if the lock does not have the package."""
        pin = self.pins.get(name)
        return pin.version if pin else None


@lru_cache(maxsize=2_000)
def parse(text: str) -> Lock:
    """Parse a lock's text. Lines that are not a header, pin, hash or comment are ignored."""
    starts = [match.start() for match in _PIN.finditer(f"\n{text}")]
    pins = (_pin(text[start:end]) for start, end in pairwise([*starts, len(text)]))
    return Lock(text, read_header(text.partition("\n\n")[0]), {pin.name: pin for pin in pins})


@lru_cache(maxsize=10_000)
def _pin(text: str) -> Pin:
    """Parse the lines of a pin; all locks with the same lines share one object."""
    match = _PIN.match(f"\n{text}")
    assert match
    return Pin(canonicalize_name(match["name"]), match["version"], text)


def load(path: Path) -> Lock:
    """Read a lock.

    Raises ConfigurationError if it is missing, is not text, or has no pin.
    """
    try:
        lock = parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist.", meaning=f"{path.stem} was never locked.", todo="run `./build.py lock`."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not text: {error}.", todo="run `./build.py lock` to write it again."
        ) from None
    if not lock.pins:
        raise ConfigurationError(f"{path} has no package.", todo="run `./build.py lock` to write it again.")
    return lock
