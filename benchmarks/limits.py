"""The least time that a machine allows: the bytes that must be moved, by what its parts did in the same run."""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Reference
from raydock.index import client
from raydock.index.pages import Pages
from raydock.model.lock import Lock

_BLOCK = os.urandom(2**20)
_BLOCKS = 512
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the parts of a machine moved, in bytes per second.

    Attributes:
        disk: a new file of random bytes, written and flushed.
        hash: sha256, on one core.
        network: a wheel, read from the package index.
    """

    disk: float
    hash: float
    network: float

    def limit(self, *, downloaded: int, unpacked: int) -> Reference:
        """The least seconds of a build that downloads and unpacks so many bytes.

        The engine needs a hash of all that a layer holds. The parts may work at the same time.
        """
        parts = {
            "network": (downloaded, self.network),
            "disk": (unpacked, self.disk),
            "sha256": (unpacked, self.hash),
        }
        part, (size, rate) = max(parts.items(), key=lambda entry: entry[1][0] / entry[1][1])
        return Reference(value=size / rate, how=f"{size / MB:,.0f} MB by {part} at {rate / MB:,.0f} MB/s")


def measure(folder: Path, lock: Lock) -> Rates:
    """Measure the rates in a folder on the engine's disk; `lock` names the Ray whose wheel is read."""
    return Rates(disk=_disk(folder / "written"), hash=_hash(), network=_network(folder / "wheel", lock))


def _disk(path: Path) -> float:
    began = time.monotonic()
    with path.open("wb") as file:
        for _ in range(_BLOCKS):
            file.write(_BLOCK)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - began
    path.unlink()
    return len(_BLOCK) * _BLOCKS / seconds


def _hash() -> float:
    began, digest = time.monotonic(), hashlib.sha256()
    for _ in range(_BLOCKS):
        digest.update(_BLOCK)
    return len(_BLOCK) * _BLOCKS / (time.monotonic() - began)


def _network(path: Path, lock: Lock) -> float:
    index = client.from_environment(os.environ)
    with Pages(index=index) as pages:
        [wheel] = [
            file for file in pages.files("ray") if (file.digests or {}).get("sha256", "-") in lock.pins["ray"].text
        ]
    began = time.monotonic()
    with path.open("wb") as file:
        index.download(wheel, file)
    seconds, size = time.monotonic() - began, path.stat().st_size
    path.unlink()
    return size / seconds
