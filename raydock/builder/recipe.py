"""The recipe of a variant: the inputs of its image, and their fingerprint."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, reduce
from importlib.metadata import version
from operator import or_
from pathlib import Path

import msgspec
import uv

from raydock.builder.constraints import constraints
from raydock.builder.layers import Layer
from raydock.compat import toolchain
from raydock.core.archive import PROGRAM, folders_of, tar
from raydock.core.files import files_below
from raydock.core.templating import Templates
from raydock.model import labels
from raydock.model.debs import DebLock
from raydock.model.lock import Lock
from raydock.plan.planner import Planned

LAUNCHER = "raydock-probe"
# The beginnings of the paths in a build context that go into the image.
_PLACED = ("probe/", "scripts/", "modules/", "image.json", "constraints.txt")
PROBE = Path(__file__).parent.parent / "probe"
IMAGE_SCHEMA = 1
PROGRAMS = ("make-tree", "place-tree", "link-cuda", "make-kernels", "place-debs")
OS_PACKAGES = "os-packages.txt"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The inputs of a build.

    Attributes:
        name: the name of the variant.
        dockerfile: the text of the Dockerfile.
        files: the files of the build context, by path.
        lock_sha256: the sha256 of the lock.
        base: the fingerprint of the base.
        base_ref: the tag of the base, which is not part of the fingerprint.
        python: the version of the base's Python, with patch.
        platform: the platform, such as linux/amd64.
        epoch: SOURCE_DATE_EPOCH in seconds.
    """

    name: str
    dockerfile: str
    files: dict[str, bytes]
    lock_sha256: str
    base: str
    base_ref: str
    python: str
    platform: str
    epoch: int

    @cached_property
    def fingerprint(self) -> str:
        """The hexadecimal sha256 over all that decides the content of the image.

        It includes the version of uv, but not the name of the variant.
        """
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
        """The labels that are not in the Dockerfile.

        They depend on the fingerprint or on the base.
        """
        return labels.of_build(fingerprint=self.fingerprint, lock_sha256=self.lock_sha256, python=self.python)

    def write(self, folder: Path) -> None:
        """Writes the build context to a folder and removes its previous content.

        The image's files that are not packages go into a tar for `ADD`.
        """
        shutil.rmtree(folder, ignore_errors=True)
        placed = {path: data for path, data in self.files.items() if path.startswith(_PLACED)}
        others = {path: data for path, data in self.files.items() if path not in placed}
        minor = self.python.rpartition(".")[0]
        generated = {"Dockerfile": self.dockerfile.encode(), "root.tar": _root_tar(placed, minor, self.epoch)}
        for path, data in {**others, **generated}.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for program in PROGRAMS:
            (folder / "installer" / program).chmod(0o755)


@lru_cache(maxsize=2_000)
def _sha256(data: bytes) -> str:
    """The hexadecimal sha256 of a file, cached: most variants share most files."""
    return hashlib.sha256(data).hexdigest()


@cache
def _uv() -> str:
    return version("uv")


@dataclass(frozen=True, kw_only=True)
class Context:
    """The files that are in the build context of every variant, read once.

    Attributes:
        shared: the files by path; those below `modules` are put into the image's site-packages.
    """

    shared: dict[str, bytes]

    @classmethod
    def read(cls, templates: Templates) -> "Context":
        """Reads the files from the templates, from raydock and from uv's package."""
        folders = {"installer": "installer", "scripts": "image/scripts", "modules": "image/modules"}
        files = [_contents(name, templates.files(folder)) for name, folder in folders.items()]
        own = _contents("modules/uv", files_below(Path(uv.__file__).parent))
        return cls(shared=reduce(or_, files, probe_files()) | own)

    def files(
        self, planned: Planned, lock: Lock, layers: tuple[Layer, ...], debs: DebLock | None = None
    ) -> dict[str, bytes]:
        """The files of one variant's build context.

        `debs` are the locked OS packages of its group.
        """
        own = {f"layers/{layer.name}.txt": layer.text.encode() for layer in layers}
        own |= {f"layers/{layer.name}.build.txt": "\n".join(layer.build).encode() for layer in layers if layer.build}
        own["constraints.txt"] = constraints(planned.variant, lock).encode()
        own |= {OS_PACKAGES: "".join(deb.line for deb in debs.debs).encode()} if debs else {}
        return {**self.shared, **own, "image.json": _image(planned, lock).encode()}


def probe_files() -> dict[str, bytes]:
    """The probe's files, by their path in the build context."""
    return _contents("probe", files_below(PROBE))


def _contents(name: str, files: Mapping[str, Path]) -> dict[str, bytes]:
    return {f"{name}/{path}": file.read_bytes() for path, file in files.items()}


def _root_tar(files: dict[str, bytes], python: str, epoch: int) -> bytes:
    """A tar of files of a build context at their paths in the image.

    `python` is its Python without patch.
    """
    launcher = f"usr/local/bin/{LAUNCHER}"
    targets = {
        f"probe/{LAUNCHER}": launcher,
        "scripts/": "opt/raydock/",
        "modules/": f"opt/venv/lib/python{python}/site-packages/",
        "": "opt/raydock/",
    }
    placed = {}
    for path, data in files.items():
        prefix = next(prefix for prefix in targets if path.startswith(prefix))
        placed[targets[prefix] + path.removeprefix(prefix)] = data
    return tar(placed, folders=folders_of(placed), epoch=epoch, modes={launcher: PROGRAM})


def _image(planned: Planned, lock: Lock) -> str:
    """The text of /opt/raydock/image.json, with which the probe compares the image."""
    document = {
        "schema": IMAGE_SCHEMA,
        "name": planned.variant.name,
        "axes": planned.variant.axes,
        "packages": {pin.name: pin.version for pin in lock.pins.values()},
        "min_driver": planned.min_driver,
        "sm": list(planned.sm),
        "nvcc": toolchain.compiler_of(planned.variant),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"
