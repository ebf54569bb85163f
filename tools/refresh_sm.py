"""Refresh raydock/compat/data/sm.yaml: the GPUs that the wheels of torch and vllm, and nvcc, have code for.

Releases that no row covers are measured. torch's build writes its GPUs into libtorch_python.so
(torch.cuda.get_arch_list() returns them). For vllm the list is that of its common kernels, read from the fat binaries
of _C, _C_stable_libtorch and _moe_C. For a compiler it is the output of its own `nvcc --list-gpu-code`, which this
program runs on Linux on x86-64. Only these files are read from the wheels. Tested on 2026-11-30 with the package index:
the measurements agree with the rows of torch 2.1.2, 2.4.0, 2.8.0, 2.13.0 and 2.15.0, of the first and last vllm of each
row, and of nvcc 13.0 and 13.5.
"""

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from packaging.metadata import parse_email
from packaging.version import Version
from pypi_simple import DistributionPackage

from raydock.compat.hardware import Hardware
from raydock.index.client import Index
from raydock.model.requirement import requirement
from tools import fatbin
from tools.refresh import Proposal, Table, final_releases, linux_wheel, opened, package_index, refresher

TABLE = Table(path="raydock/compat/data/sm.yaml")

_LIBRARY = re.compile(r"vllm/(_C|_C_stable_libtorch|_moe_C)\.[^/]*so")
_FLAGS = re.compile(rb"sm_\d+[af]?(?: sm_\d+[af]?)+")
_RUNTIME = re.compile(r"cuda-toolkit|nvidia-cuda-runtime(-cu\d+)?")
_NVCC = "nvidia-cuda-nvcc"


@refresher(TABLE)
def main() -> Proposal:
    """Measure the GPUs of each torch, vllm and nvcc in the package index that no row covers.

    It reads about 10 MB of a torch and up to 200 MB of a vllm, and runs the nvcc of each new CUDA.

    \b
    Example: .venv/bin/python -m tools.refresh_sm --check
    """
    return propose(Measurements(index=package_index()), Hardware())


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """Measurements of the wheels of a package index.

    Attributes:
        index: the package index.
    """

    index: Index

    def releases(self, project: str) -> list[Version]:
        """Return the final releases that have a wheel for Linux, oldest first."""
        return [version for version, files in final_releases(self.index, project).items() if linux_wheel(files)]

    def cuda(self, project: str, version: Version) -> str:
        """Return the CUDA (13.0) of a release: that of its CUDA runtime, for vllm that of its torch; or empty."""
        lines = parse_email(self.index.metadata(self._wheel(project, version)))[0].get("requires_dist", ())
        pins = {name: pin for name, pin in map(_pin, lines) if pin is not None}
        if project == "vllm":
            return self.cuda("torch", pins["torch"]) if "torch" in pins else ""
        return next((f"{pin.major}.{pin.minor}" for name, pin in pins.items() if _RUNTIME.fullmatch(name)), "")

    def gpus(self, project: str, version: Version) -> tuple[int, ...]:
        """Return the GPUs that a release has code for; empty if they are not found."""
        click.echo(f"{project} {version}: reading its libraries", err=True)
        with opened(self.index, self._wheel(project, version)) as archive:
            if project == "torch":
                return in_flags(archive.read("torch/lib/libtorch_python.so"))
            return of_common_kernels(archive.read(name) for name in archive.namelist() if _LIBRARY.fullmatch(name))

    def compilable(self, version: Version) -> tuple[int, ...]:
        """Return the GPUs that an nvcc lists as its targets; empty if its wheel does not contain nvcc."""
        with opened(self.index, self._wheel(_NVCC, version)) as archive, tempfile.TemporaryDirectory() as folder:
            name = next((name for name in archive.namelist() if name.endswith("/bin/nvcc")), "")
            if not name:
                return ()
            program = Path(folder, "nvcc")
            program.write_bytes(archive.read(name))
            program.chmod(0o755)
            done = subprocess.run([program, "--list-gpu-code"], capture_output=True, text=True, check=True)
        return _numbers(re.findall(r"sm_(\d+)", done.stdout))

    def _wheel(self, project: str, version: Version) -> DistributionPackage:
        wheel = linux_wheel(final_releases(self.index, project)[version])
        assert wheel is not None, f"{project} {version} has a wheel for Linux"
        return wheel


def propose(measurements: Measurements, known: Hardware) -> Proposal:
    """Return the table with a new row for each series of releases that no row covers."""
    text, undecided = TABLE.read(), []
    for project in ("torch", "vllm"):
        for first, last in _uncovered(measurements, known, project):
            gpus, cuda = measurements.gpus(project, last), measurements.cuda(project, last)
            if not gpus or not cuda or (first != last and measurements.gpus(project, first) != gpus):
                undecided.append(f"{project} {first} to {last}: the GPUs or the CUDA differ or are not found.")
                continue
            major, minor = last.release[:2]
            row = f'{{{project}: ">={major}.{minor},<{major}.{minor + 1}", cuda: "{cuda}", sm: {list(gpus)}}}'
            text = _with_row(text, project, row)
    for version in _new_compilers(measurements, known):
        if gpus := measurements.compilable(version):
            text = _with_row(text, "cuda", f'{{cuda: "=={version.major}.{version.minor}", sm: {list(gpus)}}}')
    return Proposal(text=text, open=tuple(undecided))


def in_flags(library: bytes) -> tuple[int, ...]:
    """Return the GPUs in the compiler flags that torch's build stores in libtorch_python.so."""
    flags = max(_FLAGS.findall(library), key=len, default=b"")
    return _numbers(re.findall(r"sm_(\d+)", flags.decode()))


def of_common_kernels(libraries: Iterable[bytes]) -> tuple[int, ...]:
    """Return the GPUs for which the common kernels of some libraries are compiled.

    A wheel can have more kernels for one GPU than common ones, so each kernel counts once per GPU.
    """
    counts = Counter(gpus for library in libraries for gpus in fatbin.gpus(library))
    return tuple(sorted(max(counts, key=lambda gpus: counts[gpus] * len(gpus), default=())))


def _uncovered(measurements: Measurements, known: Hardware, project: str) -> Iterator[tuple[Version, Version]]:
    """Return the first and last release of each series that no row covers and that is newer than the oldest row."""
    rows = [build.versions for build in known.gpus.wheels if build.project == project]
    releases = measurements.releases(project)
    oldest = min(version for version in releases if any(version in versions for versions in rows))
    series: dict[tuple[int, ...], list[Version]] = {}
    for version in releases:
        if version > oldest and not any(version in versions for versions in rows):
            series.setdefault(version.release[:2], []).append(version)
    return ((versions[0], versions[-1]) for versions in series.values())


def _new_compilers(measurements: Measurements, known: Hardware) -> Iterator[Version]:
    """Return the newest nvcc of each CUDA that no row of `compilers` covers."""
    newest = {f"{version.major}.{version.minor}": version for version in measurements.releases(_NVCC)}
    return (version for cuda, version in newest.items() if not known.compilable(cuda))


def _with_row(text: str, key: str, row: str) -> str:
    """Insert a row after the last row that begins with a key."""
    end = text.index("\n", text.rindex(f"\n  - {{{key}: ") + 1) + 1
    return f"{text[:end]}  - {row}\n{text[end:]}"


def _pin(line: str) -> tuple[str, Version | None]:
    required = requirement(line)
    pinned = (specifier.version for specifier in required.specifier if specifier.operator == "==")
    version = next(pinned, None)
    return required.name, Version(version.removesuffix(".*")) if version else None


def _numbers(texts: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted({int(text) for text in texts}))


if __name__ == "__main__":
    main()
