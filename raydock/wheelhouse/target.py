"""Find the target of a folder of wheels: Python, glibc and CUDA.

And the wheels that do not fit it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from packaging.version import Version

from raydock.compat.cuda_packages import build_of, cuda_names
from raydock.compat.wheels import cuda_pin, glibc, lowest_glibc
from raydock.compat.wheeltags import MACHINES, Platform, manylinux, needed_glibc
from raydock.core.errors import ConfigurationError
from raydock.model.variant import CPU, NONE, Variant
from raydock.wheelhouse.folder import FolderWheel

ARCH = "amd64"
# What a wheel that was built on some host is taken to need.
_ON_HOSTS = (2, 17)


@dataclass(frozen=True, kw_only=True)
class Target:
    """The CPython on Linux on x86-64 that a folder is for.

    Attributes:
        python: its version, such as 3.11.
        glibc: the version of glibc.
        python_source: how the Python version was found.
    """

    python: str
    glibc: str
    python_source: str

    @cached_property
    def platform(self) -> Platform:
        return Platform(self.python, ARCH, self.glibc)

    @property
    def point(self) -> Variant:
        """A variant with only this Python and architecture."""
        return Variant(ray=NONE, python=self.python, arch=ARCH)

    def fits(self, filename: str) -> bool:
        """Whether pip would install a wheel here.

        One tagged linux_x86_64 was built on some host: it may fit.
        """
        tagged = filename.replace(f"-linux_{MACHINES[ARCH]}.whl", f"-{manylinux(_ON_HOSTS, ARCH)}.whl")
        return self.platform.rank(tagged) is not None

    def misfit(self, wheel: FolderWheel) -> str:
        """The platform of a wheel that does not fit, as text that follows "is for"."""
        (file,) = wheel.release.wheels
        if lowest_glibc(wheel.release, self.python, ARCH) is not None:
            major, minor = glibc(file, ARCH)
            return f"glibc {major}.{minor} or newer, not {self.glibc}"
        platforms = {tag.platform for tag in file.tags}
        if any(map(_is_for_host, platforms)):
            made_for = sorted({f"{tag.interpreter}-{tag.abi}" for tag in file.tags})
            return f"{' '.join(made_for)}, not Python {self.python}"
        return f"{' '.join(sorted(platforms))}, not Linux on {MACHINES[ARCH]} with glibc"


def _is_for_host(platform: str) -> bool:
    return needed_glibc(platform, ARCH) is not None or platform == f"linux_{MACHINES[ARCH]}"


def agreed(wheels: Sequence[FolderWheel]) -> tuple[str, str]:
    """The Python for which most wheels can be installed.

    Returns also how many wheels are made for it, as text.

    Only versions that a wheel names by its ABI count; of equals, the newer. Raises ConfigurationError if there is none.
    """
    named = Counter(python for wheel in wheels for python in _pythons(wheel))
    if not named:
        raise ConfigurationError("No wheel in the folder is compiled for one Python version.", todo="set --python.")
    best = max(named, key=lambda python: (_count_fitting(wheels, python), Version(python)))
    return best, f"{named[best]} of the {sum(1 for wheel in wheels if _pythons(wheel))} wheels made for one Python"


def cuda(wheels: Iterable[FolderWheel], point: Variant) -> str:
    """The CUDA that the wheels are for.

    It is the one that torch pins or its local version names, else the one of most local versions, else the one of most
    project names (as MAJOR.0), else `cpu`.
    """
    wheels = tuple(wheels)
    torches = [wheel.release for wheel in wheels if wheel.project == "torch"]
    pins = (cuda_pin(torch, point) for torch in torches)
    if pinned := next((pin[0] for pin in pins if pin), None):
        return pinned
    builds = [_build(torch.version) for torch in torches] + [_build(wheel.release.version) for wheel in wheels]
    exact = Counter(build for build in builds if build)
    if exact:
        return next(filter(None, builds[: len(torches)]), exact.most_common(1)[0][0])
    majors = Counter(cuda_names().major(wheel.project, wheel.release.version) for wheel in wheels)
    del majors[None]
    return f"{majors.most_common(1)[0][0]}.0" if majors else CPU


def _build(version: str) -> str:
    """The exact build in a local version: CUDA as major.minor, or `cpu`.

    Empty otherwise.
    """
    build = build_of(version)
    return build if build == CPU or ("." in build and build[0].isdigit()) else ""


def _pythons(wheel: FolderWheel) -> set[str]:
    """The Python versions that a wheel is compiled for.

    A wheel for abi3 is for many versions, and names none.
    """
    tags = (tag.interpreter for tag in wheel.release.wheels[0].tags if tag.abi == tag.interpreter)
    return {f"{name[2]}.{name[3:]}" for name in tags if name.startswith("cp") and name[3:].isdigit()}


def _count_fitting(wheels: Iterable[FolderWheel], python: str) -> int:
    return sum(lowest_glibc(wheel.release, python, ARCH) is not None for wheel in wheels)
