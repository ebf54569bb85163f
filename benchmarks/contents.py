"""What images leave out of their packages' wheels, by rule of templates/installer/unused-files.txt."""

import mmap
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

import uv

from benchmarks.bench import CPU, ROOT, TORCH, VLLM, Setting
from benchmarks.figure import Figure
from raydock.builder.buildx import DownloadError
from raydock.core.processes import Processes
from raydock.model.variant import parse_name

INSTALLER = ROOT / "templates" / "installer"
DEBUG, EQUAL = "debug information", "equal files of a folder"
MB = 1e6


def run(setting: Setting) -> Iterator[Figure]:
    """Measure the compressed bytes that are left out of each variant's packages, by rule, largest first."""
    for name in (CPU, TORCH, VLLM):
        setting.progress(f"installing the wheels of {name}")
        site = setting.folder / name
        lock = ROOT / "lockfiles" / f"{name}.txt"
        python = parse_name(name).python
        options = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--python-version", python)
        command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", str(site), *options, "-r", str(lock)]
        done = Processes().run(command, folder=setting.folder)
        if done.returncode:
            raise DownloadError(f"uv could not install the wheels of {name}: {done.stderr[-400:]}")
        yield from figures(name, site)


def figures(name: str, site: Path) -> Iterator[Figure]:
    """Yield the figures of a site-packages folder with the complete wheels of a variant."""
    for rule, size in left_out(site).most_common():
        yield Figure(what=f"{name}, left out: {rule}", unit="MB", measured=size / MB)


def left_out(site: Path) -> "Counter[str]":
    """Return the compressed bytes (gzip, level 6) that trim-tree.py leaves out of a site-packages folder, by rule."""
    sys.path.insert(0, str(INSTALLER))
    trim, elf = import_module("trim-tree"), import_module("without_debug")
    lines = [line for line in (INSTALLER / "unused-files.txt").read_text().splitlines() if line and line[0] != "#"]
    rules = [*trim.holding(site, lines), *trim.other_wheels(site)]
    sizes: Counter[str] = Counter()
    for package in distributions(path=[str(site)]):
        first: set[tuple[Path, str]] = set()
        recorded = {str(file): file for file in package.files or () if file.size and (site / file).is_file()}
        for path, file in sorted(recorded.items()):
            rule = next((rule for rule in rules if fnmatchcase(path, rule)), "")
            key = ((site / path).parent, file.hash.value if file.hash else "")
            rule = EQUAL if not rule and key in first and (file.size or 0) >= trim.LINKED_SIZE else rule
            first.add(key)
            if rule:
                sizes[rule] += compressed((site / path).read_bytes())
            elif ".so" in path or "/bin/" in path or (site / path).stat().st_mode & 0o100:
                sizes[DEBUG] += debug(site / path, elf.without_debug)
    return sizes


def compressed(data: bytes) -> int:
    """Return the size of data compressed with gzip, as layers in a registry are."""
    return len(zlib.compress(data, 6))


def debug(path: Path, without_debug: Callable[[mmap.mmap], bytes | None]) -> int:
    """Return the compressed size of a file's debug information."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        stripped = without_debug(data)
        return compressed(data[:]) - compressed(stripped) if stripped is not None else 0
