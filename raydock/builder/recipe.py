"""A variant's recipe: all that decides its image's content, and the fingerprint over it."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, reduce
from importlib.metadata import version
from operator import or_
from pathlib import Path

import uv

from raydock.builder.constraints import constraints
from raydock.builder.layers import Layer
from raydock.compat import toolchain
from raydock.core.archive import PROGRAM, folders_of, tar
from raydock.model import labels
from raydock.model.debs import DebLock
from raydock.model.lock import Lock
from raydock.plan.planner import Planned

LAUNCHER = "raydock-probe"
# What of a context the image gets, by the begin of its path.
_PLACED = ("probe/", "scripts/", "modules/", "image.json", "constraints.txt")
PROBE = Path(__file__).parent.parent / "probe"
IMAGE_SCHEMA = 1
PROGRAMS = ("make-tree", "place-tree", "link-cuda", "make-kernels", "place-debs")
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
        """The labels that are known only now; the Dockerfile has the others."""
        return labels.of_build(fingerprint=self.fingerprint, lock_sha256=self.lock_sha256, python=self.python)

    def write(self, folder: Path) -> None:
        """Writes the build context into a folder, in place of what was there.

        What the image gets besides packages goes into a tar for `ADD`.
        """
        shutil.rmtree(folder, ignore_errors=True)
        placed = {path: data for path, data in self.files.items() if path.startswith(_PLACED)}
        others = {path: data for path, data in self.files.items() if path not in placed}
        minor = self.python.rpartition(".")[0]
        made = {"Dockerfile": self.dockerfile.encode(), "root.tar": _root_tar(placed, minor, self.epoch)}
        for path, data in {**others, **made}.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for program in PROGRAMS:
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
    """The files that every variant's build context has, read once.

    Attributes:
        shared: by path; below `modules` is what the image's Python can import besides packages.
    """

    shared: dict[str, bytes]

    @classmethod
    def read(cls, templates: Path) -> "Context":
        """Reads them from the templates' folder, from raydock itself and from uv's package."""
        folders = {
            "installer": templates / "installer",
            "scripts": templates / "image" / "scripts",
            "modules": templates / "image" / "modules",
            "modules/uv": Path(uv.__file__).parent,
        }
        found = [_files(name, folder) for name, folder in folders.items()]
        return cls(shared=reduce(or_, found, probe_files()))

    def files(
        self, planned: Planned, lock: Lock, layers: tuple[Layer, ...], debs: DebLock | None = None
    ) -> dict[str, bytes]:
        """The files of one variant's build context; of the OS packages `debs` of its group, the lock."""
        own = {f"layers/{layer.name}.txt": layer.text.encode() for layer in layers}
        own |= {f"layers/{layer.name}.build.txt": "\n".join(layer.build).encode() for layer in layers if layer.build}
        own["constraints.txt"] = constraints(planned.variant, lock).encode()
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


def _root_tar(files: dict[str, bytes], python: str, epoch: int) -> bytes:
    """Files of a context at their paths in an image; `python` is its Python's minor version."""
    launcher = f"usr/local/bin/{LAUNCHER}"
    begins = {
        f"probe/{LAUNCHER}": launcher,
        "scripts/": "opt/raydock/",
        "modules/": f"opt/venv/lib/python{python}/site-packages/",
        "": "opt/raydock/",
    }
    placed = {}
    for path, data in files.items():
        begin = next(begin for begin in begins if path.startswith(begin))
        placed[begins[begin] + path.removeprefix(begin)] = data
    return tar(placed, folders=folders_of(placed), epoch=epoch, modes={launcher: PROGRAM})


def _image(planned: Planned, lock: Lock) -> str:
    """What the probe compares the image with: /opt/raydock/image.json."""
    document = {
        "schema": IMAGE_SCHEMA,
        "name": planned.variant.name,
        "axes": planned.variant.axes,
        "packages": {pin.name: pin.version for pin in lock.pins.values()},
        "min_driver": planned.min_driver,
        "sm": list(planned.sm),
        "nvcc": toolchain.compiler_of(planned.variant),
    }
    return json.dumps(document, indent=1) + "\n"
