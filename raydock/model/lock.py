"""A lock: every package of a variant, pinned with hashes, as pip's requirements format has it.

A lock begins with comment lines `# key: value` that raydock writes (see raydock/lock/locker.py); then come the pins
as uv and pip-compile write them, each with its hashes and with comments `# via` that name what asked for it.
"""

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from packaging.utils import canonicalize_name

from raydock.errors import ConfigurationError

_HEADER = re.compile(r"# ([a-z-]+): (.*)")
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)
_VIA = re.compile(r"^    #(?: via +|   )(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One package: its canonical name (PEP 503), version, who asked for it, and its lines in the lock."""

    name: str
    version: str
    text: str = field(repr=False)

    @cached_property
    def via(self) -> tuple[str, ...]:
        """Canonical names of the packages that require it; what the variant itself asks for is left out."""
        found = _VIA.findall(self.text)
        return tuple(canonicalize_name(name.split("[")[0]) for name in found if not name.startswith("-"))


@dataclass(frozen=True)
class Lock:
    """A lock's text and what it says. `header` holds raydock's own lines; `pins` are by name, in the file's order."""

    text: str
    header: dict[str, str]
    pins: dict[str, Pin]

    @cached_property
    def sha256(self) -> str:
        """The hexadecimal sha256 of the whole text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def version(self, name: str) -> str | None:
        """The version pinned for a package, or None."""
        pin = self.pins.get(name)
        return pin.version if pin else None


def parse(text: str) -> Lock:
    """Reads a lock's text. Lines that are neither header, pin, hash nor comment are left to the installer."""
    header: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if match := _HEADER.fullmatch(line):
            header[match[1]] = match[2]
    starts = list(_PIN.finditer(text))
    bounds = [match.start() for match in starts] + [len(text)]
    pins: dict[str, Pin] = {}
    for match, end in zip(starts, bounds[1:], strict=True):
        name = canonicalize_name(match["name"])
        pins[name] = Pin(name, match["version"], text[match.start() : end])
    return Lock(text, header, pins)


def load(path: Path) -> Lock:
    """Reads a lock. Raises ConfigurationError where it is missing or holds no pin."""
    try:
        lock = parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist.", meaning=f"{path.stem} was never locked.", todo="run `./build.py lock`."
        ) from None
    if not lock.pins:
        raise ConfigurationError(f"{path} holds no package.", todo="run `./build.py lock` to write it anew.")
    return lock
