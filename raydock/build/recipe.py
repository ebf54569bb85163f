"""A variant's recipe: all that decides its image's content, and the fingerprint over it."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path

from raydock.build.archive import folders_of, tar
from raydock.build.layers import Layer
from raydock.model.debs import DebLock
from raydock.model.lock import Lock
from raydock.plan.planner import Planned

LAUNCHER = "raydock-probe"
PROBE = Path(__file__).parent.parent / "prove" / "probe"
IMAGE_SCHEMA = 1
OS_PACKAGES = "os-packages.txt"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is built: a Dockerfile over a base, with the files of its build context by path.

    `base` is the base's fingerprint; `epoch` is SOURCE_DATE_EPOCH in seconds; `python` the base's Python with patch.
    """

    name: str
    dockerfile: str
    files: dict[str, bytes]
    lock_sha256: str
    base: str
    python: str
    platform: str
    epoch: int

    @cached_property
    def fingerprint(self) -> str:
        """The hexadecimal sha256 over everything above and uv's version, which installs it."""
        parts = {
            "dockerfile": self.dockerfile,
            "files": {path: _sha256(data) for path, data in self.files.items()},
            "lock": self.lock_sha256,
            "base": self.base,
            "platform": self.platform,
            "epoch": self.epoch,
            "uv": _uv(),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def labels(self) -> dict[str, str]:
        """Labels that are known only now; the rest stands in the Dockerfile."""
        return {
            "raydock.fingerprint": self.fingerprint,
            "raydock.lock-sha256": self.lock_sha256,
            "raydock.python": self.python,
        }

    def write(self, folder: Path) -> None:
        """Writes the build context into a folder, in place of what was there; the probe goes into a tar for `ADD`."""
        shutil.rmtree(folder, ignore_errors=True)
        probe = {path: data for path, data in self.files.items() if path.startswith("probe/") or path == "image.json"}
        others = {path: data for path, data in self.files.items() if path not in probe}
        made = {"Dockerfile": self.dockerfile.encode(), "probe.tar": _probe_tar(probe, self.epoch)}
        for path, data in {**others, **made}.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for program in ("make-tree", "place-tree", "place-debs"):
            (folder / "installer" / program).chmod(0o755)


@lru_cache(maxsize=2_000)
def _sha256(data: bytes) -> str:
    """The hexadecimal sha256 of a file; most variants share most files."""
    return hashlib.sha256(data).hexdigest()


@cache
def _uv() -> str:
    return version("uv")


@dataclass(frozen=True, kw_only=True)
class Context:
    """The files that every variant's build context has, read once: the installer and the probe."""

    shared: dict[str, bytes]

    @classmethod
    def read(cls, templates: Path) -> "Context":
        """Reads them from the templates' folder and from raydock itself."""
        return cls(shared={**_files("installer", templates / "installer"), **probe_files()})

    def files(
        self, planned: Planned, lock: Lock, layers: tuple[Layer, ...], debs: DebLock | None = None
    ) -> dict[str, bytes]:
        """The files of one variant's build context; of the OS packages `debs` of its group, the lock."""
        own = {f"layers/{layer.name}.txt": layer.text.encode() for layer in layers}
        own |= {f"layers/{layer.name}.build.txt": "\n".join(layer.build).encode() for layer in layers if layer.build}
        own |= {OS_PACKAGES: "".join(deb.line for deb in debs.debs).encode()} if debs else {}
        return {**self.shared, **own, "image.json": _image(planned, lock).encode()}


def probe_files() -> dict[str, bytes]:
    """The probe's files, by their path below the folder in which it is put."""
    return _files("probe", PROBE)


def _files(name: str, folder: Path) -> dict[str, bytes]:
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != "__pycache__"
    }


def _probe_tar(files: dict[str, bytes], epoch: int) -> bytes:
    """/opt/raydock with the probe and image.json, and the probe's launcher on PATH."""
    launcher = f"usr/local/bin/{LAUNCHER}"
    placed = {f"opt/raydock/{path}": data for path, data in files.items()}
    placed[launcher] = placed.pop(f"opt/raydock/probe/{LAUNCHER}")
    return tar(folders_of(placed), placed, epoch, executable=launcher)


def _image(planned: Planned, lock: Lock) -> str:
    """What the probe compares the image with: /opt/raydock/image.json."""
    document = {
        "schema": IMAGE_SCHEMA,
        "name": planned.variant.name,
        "axes": planned.variant.axes,
        "packages": {pin.name: pin.version for pin in lock.pins.values()},
        "min_driver": planned.min_driver,
        "sm": list(planned.sm),
    }
    return json.dumps(document, indent=1) + "\n"
