"""For which CUDA packages are made, by their names and versions (data/cuda.yaml) and by their local versions."""

import re
from functools import cache
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from raydock.core.models import Dated
from raydock.core.yamlfile import load

DATA = Path(__file__).parent / "data" / "cuda.yaml"


class CudaNames(Dated, frozen=True, kw_only=True):
    """Which packages are made for one CUDA major: regular expressions over canonical names (data/cuda.yaml).

    `with_torch` are the names of those that are built against one torch and its CUDA.
    """

    names: tuple[re.Pattern[str], ...]
    versions: tuple[re.Pattern[str], ...]
    beside_others: dict[str, SpecifierSet]
    with_torch: tuple[str, ...]

    def named(self, name: str) -> int | None:
        """The CUDA major that stands in a package's name; None where none does, or it is made for several."""
        if any(re.fullmatch(form, name) for form in self.beside_others):
            return None
        return self._in_name(name)

    def _in_name(self, name: str) -> int | None:
        return next((int(match[1]) for form in self.names if (match := form.fullmatch(name))), None)

    def major(self, name: str, version: str) -> int | None:
        """The CUDA major that a package is made for; None where it is made for none, or for several."""
        if any(form.fullmatch(name) for form in self.versions):
            return Version(version).major
        if any(re.fullmatch(form, name) and version in versions for form, versions in self.beside_others.items()):
            return None
        return self._in_name(name)


# What builds write into the local part of a version: +cpu, +cu118, +cu12torch2.5cxx11abiFALSE, +pt25cu124, +rocm6.0.
_BUILD = re.compile(r"(?<![a-z])(cpu|xpu|rocm[\d.]*)|cu(?:da)?(1\d)\.?(\d)?")
_BUILD_TORCH = re.compile(r"torch(\d+)\.(\d+)|(?<![a-z])pt(\d)(\d+)")


def build_of(version: str) -> str:
    """The CUDA that a local version names: 11.8, 12 if it names the major alone, or cpu, rocm6.0; empty if none."""
    match = _BUILD.search(Version(version).local or "")
    if match is None:
        return ""
    return match[1] or ".".join(filter(None, match.groups()[1:]))


def build_text(build: str) -> str:
    """A build in words."""
    return f"CUDA {build}" if build[:1].isdigit() else build


def is_built_for(build: str, cuda: str) -> bool:
    """Whether a build is for a CUDA (13.0, or cpu): the same, or its major if the build names that alone."""
    return build == cuda or (build.isdigit() and cuda.partition(".")[0] == build)


def torch_of(version: str) -> str:
    """The torch (major.minor) that a local version names; empty if none."""
    match = _BUILD_TORCH.search(Version(version).local or "")
    return ".".join(filter(None, match.groups())) if match else ""


@cache
def cuda_names() -> CudaNames:
    """What raydock ships in data/cuda.yaml."""
    return load(DATA, CudaNames)


@cache
def named_major(name: str) -> int | None:
    """The CUDA major in a package's canonical name, by what raydock ships."""
    return cuda_names().named(name)
