"""What a folder's wheels are meant for: one Python, glibc and CUDA, and which wheels do not fit that."""

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
from raydock.wheelhouse.folder import Held

# What a wheel that was built on some host is taken to need.
_ON_HOSTS = (2, 17)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A CPython on Linux that a folder is for; `why` says how its Python was found."""

    python: str
    glibc: str
    why: str
    arch: str = "amd64"

    @cached_property
    def platform(self) -> Platform:
        return Platform(self.python, self.arch, self.glibc)

    @property
    def point(self) -> Variant:
        """A variant with this Python and architecture and nothing else."""
        return Variant(ray=NONE, python=self.python, arch=self.arch)

    def fits(self, filename: str) -> bool:
        """Whether pip would install a wheel here. One tagged linux_x86_64 was built on some host: it may fit."""
        tagged = filename.replace(f"-linux_{MACHINES[self.arch]}.whl", f"-{manylinux(_ON_HOSTS, self.arch)}.whl")
        return self.platform.rank(tagged) is not None

    def misfit(self, wheel: Held) -> str:
        """What a wheel that does not fit is for, in words that follow "is for"."""
        (file,) = wheel.release.wheels
        if lowest_glibc(wheel.release, self.python, self.arch) is not None:
            major, minor = glibc(file, self.arch)
            return f"glibc {major}.{minor} or newer, not {self.glibc}"
        platforms = {tag.platform for tag in file.tags}
        if any(self._ours(platform) for platform in platforms):
            made_for = sorted({f"{tag.interpreter}-{tag.abi}" for tag in file.tags})
            return f"{' '.join(made_for)}, not Python {self.python}"
        return f"{' '.join(sorted(platforms))}, not Linux on {MACHINES[self.arch]} with glibc"

    def _ours(self, platform: str) -> bool:
        return needed_glibc(platform, self.arch) is not None or platform == f"linux_{MACHINES[self.arch]}"


def agreed(wheels: Sequence[Held], arch: str = "amd64") -> tuple[str, str]:
    """The Python that most of the wheels can be installed for, the newer of equals, and how many are made for it.

    Only Pythons that some wheel names by its ABI come into question. Raises ConfigurationError where none does.
    """
    named = Counter(python for wheel in wheels for python in _pythons(wheel))
    if not named:
        raise ConfigurationError(
            "No wheel of the folder says for which Python it was compiled.", todo="name it with --python."
        )
    best = max(named, key=lambda python: (_fitting(wheels, python, arch), Version(python)))
    return best, f"{named[best]} of the {sum(1 for wheel in wheels if _pythons(wheel))} wheels made for one Python"


def cuda(wheels: Iterable[Held], point: Variant) -> str:
    """The CUDA that torch pins or its local version names, else the one of most wheels that are built for one, else of
    most that are made for one by their names (as MAJOR.0), else `cpu`."""
    wheels = tuple(wheels)
    torches = [wheel.release for wheel in wheels if wheel.project == "torch"]
    pins = (cuda_pin(torch, point) for torch in torches)
    if found := next((pin[0] for pin in pins if pin), None):
        return found
    builds = [_build(torch.version) for torch in torches] + [_build(wheel.release.version) for wheel in wheels]
    exact = Counter(build for build in builds if build)
    if exact:
        return next(filter(None, builds[: len(torches)]), exact.most_common(1)[0][0])
    majors = Counter(cuda_names().major(wheel.project, wheel.release.version) for wheel in wheels)
    del majors[None]
    return f"{majors.most_common(1)[0][0]}.0" if majors else CPU


def _build(version: str) -> str:
    """The build that a local version names exactly: CUDA as major.minor, or `cpu`; empty otherwise."""
    build = build_of(version)
    return build if build == CPU or ("." in build and build[0].isdigit()) else ""


def _pythons(wheel: Held) -> set[str]:
    """The Pythons that a wheel's compiled part was made for, one by one; abi3 is for many."""
    tags = (tag.interpreter for tag in wheel.release.wheels[0].tags if tag.abi == tag.interpreter)
    return {f"{name[2]}.{name[3:]}" for name in tags if name.startswith("cp") and name[3:].isdigit()}


def _fitting(wheels: Iterable[Held], python: str, arch: str) -> int:
    return sum(lowest_glibc(wheel.release, python, arch) is not None for wheel in wheels)
