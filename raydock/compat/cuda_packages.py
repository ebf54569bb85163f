"""The CUDA that a package is for: by its name and version (data/cuda.yaml), or by its local version."""

import re
from collections.abc import Iterator
from functools import cache

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from raydock.core.models import Dated
from raydock.core.yamlfile import shipped

# The CUDA majors that packages are for.
MAJORS = (11, 12, 13)
_FIRST_UNSUFFIXED = 13


class CudaNames(Dated, frozen=True, kw_only=True):
    """The packages for one CUDA major version (data/cuda.yaml).

    Attributes:
        names: regular expressions for canonical names; the group is the CUDA major version.
        versions: the names of packages whose own major version is CUDA's.
        known: the names of well-known packages for one CUDA; NN is its major version.
        unsuffixed: the names of NVIDIA's packages for CUDA 13 and later.
        coexisting: the versions of packages, by a regular expression for their canonical names, that can be installed
            together with the same package for a different CUDA.
        with_torch: the names of packages that are built for one torch and its CUDA.
    """

    names: tuple[re.Pattern[str], ...]
    versions: tuple[str, ...]
    known: tuple[str, ...]
    unsuffixed: tuple[str, ...]
    coexisting: dict[str, SpecifierSet]
    with_torch: tuple[str, ...]

    def named(self, name: str) -> int | None:
        """The CUDA major version in a package's name; None if there is none, or if the package is for several."""
        return None if self.coexisting_versions(name) is not None else self._in_name(name)

    def coexisting_versions(self, name: str) -> SpecifierSet | None:
        """The versions of a package that can be installed with the same package for a different CUDA; None if none."""
        return next((versions for form, versions in self.coexisting.items() if re.fullmatch(form, name)), None)

    def known_for_others(self, major: int) -> Iterator[str]:
        """The names of well-known packages for a CUDA major version other than `major`."""
        for name in self.known:
            names = {name.replace("NN", str(other)) for other in MAJORS}
            yield from (name for name in names if self._in_name(name) != major)
        if major < _FIRST_UNSUFFIXED:
            yield from self.unsuffixed

    def _in_name(self, name: str) -> int | None:
        return next((int(match[1]) for pattern in self.names if (match := pattern.fullmatch(name))), None)

    def major(self, name: str, version: str) -> int | None:
        """The CUDA major version that a package is for; None if it is for none, or for several."""
        if name in self.versions:
            return Version(version).major
        if any(re.fullmatch(pattern, name) and version in versions for pattern, versions in self.coexisting.items()):
            return None
        return self._in_name(name)


# The local versions of builds: +cpu, +cu118, +cu12torch2.5cxx11abiFALSE, +pt25cu124, +rocm6.0.
_BUILD = re.compile(r"(?<![a-z])(cpu|xpu|rocm[\d.]*)|cu(?:da)?(1\d)\.?(\d)?")
_BUILD_TORCH = re.compile(r"torch(\d+)\.(\d+)|(?<![a-z])pt(\d)(\d+)")


def build_of(version: str) -> str:
    """The CUDA that a local version names: 11.8, or 12 for only the major version, or cpu, rocm6.0; empty if none."""
    match = _BUILD.search(Version(version).local or "")
    if match is None:
        return ""
    return match[1] or ".".join(filter(None, match.groups()[1:]))


def build_text(build: str) -> str:
    """The name of a build in messages."""
    return f"CUDA {build}" if build[:1].isdigit() else build


def is_built_for(build: str, cuda: str) -> bool:
    """Whether a build is for a CUDA (13.0, or cpu).

    If the build names only the major version, only that is compared.
    """
    return build == cuda or (build.isdigit() and cuda.partition(".")[0] == build)


def torch_of(version: str) -> str:
    """The torch (major.minor) that a local version names; empty if none."""
    match = _BUILD_TORCH.search(Version(version).local or "")
    return ".".join(filter(None, match.groups())) if match else ""


def cuda_names() -> CudaNames:
    """The content of data/cuda.yaml."""
    return shipped("compat/data/cuda.yaml", CudaNames)


@cache
def named_major(name: str) -> int | None:
    """The CUDA major version in a package's canonical name, by data/cuda.yaml."""
    return cuda_names().named(name)
