"""The check `libs`: whether every ELF file of the environment finds the libraries that it names.

A library counts as found where the dynamic linker would find it (the file's own RUNPATH or RPATH, LD_LIBRARY_PATH,
its cache, this Python itself), or where another file of the environment is that library: torch and its like load the
nvidia-* packages' libraries before the extensions that need them, and a loaded SONAME satisfies every later need.
"""

import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, Iterator, List, Sequence, Tuple

from . import elf
from .answer import CheckError, verdict
from .image import ENVIRONMENT, Image
from .process import output

OPTIONAL = Path(__file__).with_name("optional-libs.json")
# The driver's libraries come from the host (NVIDIA Container Toolkit, libnvidia-container).
DRIVER = ("libcuda.so.*", "libnvidia-*.so*")
# Libraries whose SONAME's major is CUDA's own, with or without auditwheel's hash (CUDA release notes, 11 to 13).
_CUDA = re.compile(r"lib(?:cudart|cublas|cublasLt|nvrtc|nvJitLink|cupti)(?:-[0-9a-f]{8})?\.so\.(\d{1,2})(?:\.|$)")
Need = Tuple[Path, str]
_SHARED = re.compile(r"\.so(?:\.|$)")


@dataclass(frozen=True)
class Optional:
    """A need that may stay unmet: globs of the file and of the library, and why."""

    file: str
    library: str
    reason: str


def libs(image: Image) -> str:
    """Every ELF file under /opt/venv finds its libraries and glibc; only the variant's CUDA major is there."""
    return survey(ENVIRONMENT, image.axes["cuda"], load_optional(OPTIONAL))


def survey(root: Path, cuda: str, optional: Sequence[Optional]) -> str:
    """What `libs` says of the files below `root`. Raises CheckError where something is missing or wrong."""
    files, problems = scan(root)
    if not files and not problems:
        raise CheckError(f"no ELF file under {root}: this is no Ray environment")
    outside = loader_names()
    inside = {name for path, file in files.items() for name in (path.name, file.soname)}
    unmet = [(path, name) for path, file in files.items() for name in missing(path, file, outside, inside)]
    wrong, allowed = part(unmet, optional)
    problems += [f"{path} needs {', '.join(names)}, not there" for path, names in _by_file(wrong).items()]
    problems += glibc_problems(files)
    foreign, _ = part(foreign_cuda(files, cuda), optional)
    problems += [f"{path} has or needs {name}, but the variant's CUDA is {cuda}" for path, name in foreign]
    needs = sum(len(file.needed) for file in files.values())
    return verdict(problems, f"{len(files)} ELF files find {needs} needs{_plugin_words(allowed)}")


def part(found: Iterable[Need], optional: Sequence[Optional]) -> Tuple[List[Need], List[Need]]:
    """The needs that are wrong and those that the list of optional ones allows, each sorted."""
    wrong: List[Need] = []
    allowed: List[Need] = []
    for path, name in sorted(found):
        place = path.as_posix()
        fits = any(fnmatch(place, item.file) and fnmatch(name, item.library) for item in optional)
        (allowed if fits else wrong).append((path, name))
    return wrong, allowed


def scan(root: Path) -> Tuple[Dict[Path, elf.Elf], List[str]]:
    """The ELF files for this machine below a folder, by path, and a line for each that cannot be read."""
    here = elf.read(Path("/proc/self/exe"))
    files, problems = {}, []
    for path in _candidates(root):
        try:
            file = elf.read(path)
        except (elf.ElfError, OSError) as error:
            problems.append(f"{path}: {error}")
            continue
        if file and here and file.machine == here.machine:
            files[path] = file
    return files, problems


def _candidates(root: Path) -> Iterator[Path]:
    """Files that may be ELF files: shared objects by name, and what may be executed. Linked folders are followed."""
    seen = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink() and (_SHARED.search(name) or os.access(path, os.X_OK)):
                yield path


def missing(path: Path, file: elf.Elf, outside: FrozenSet[str], inside: Iterable[str]) -> List[str]:
    """The libraries that an ELF file needs and that nothing here provides; the driver's own do not count."""
    origin = str(path.parent)
    folders = [folder.replace("$ORIGIN", origin).replace("${ORIGIN}", origin) for folder in file.search]
    return [
        name
        for name in file.needed
        if name not in outside
        and name not in inside
        and not any(fnmatch(name, pattern) for pattern in DRIVER)
        and not any(os.path.exists(os.path.join(folder, name)) for folder in folders)
    ]


def loader_names() -> FrozenSet[str]:
    """The names that the dynamic linker finds for any program: its cache, LD_LIBRARY_PATH, what Python has loaded."""
    cache = output("/sbin/ldconfig", "-p").splitlines()[1:]
    names = {line.split()[0] for line in cache if "=>" in line}
    for folder in filter(os.path.isdir, os.environ.get("LD_LIBRARY_PATH", "").split(":")):
        names |= set(os.listdir(folder))
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return frozenset(names | {os.path.basename(line.split()[-1]) for line in maps if ".so" in line})


def glibc_problems(files: Dict[Path, elf.Elf]) -> List[str]:
    """A line for every file that was linked against a younger glibc than this system's."""
    version = (os.confstr("CS_GNU_LIBC_VERSION") or "glibc 0.0").split()[1]
    here = tuple(int(part) for part in version.split(".")[:2])
    return [
        f"{path} needs glibc {file.glibc[0]}.{file.glibc[1]}; this is {version}"
        for path, file in sorted(files.items())
        if file.glibc > here
    ]


def foreign_cuda(files: Dict[Path, elf.Elf], cuda: str) -> List[Need]:
    """The CUDA libraries, there or needed, whose major is not that of `cuda` (`cpu`: any), with who names them."""
    major = cuda.partition(".")[0]
    found = []
    for path, file in files.items():
        for name in {path.name, file.soname, *file.needed}:
            match = _CUDA.match(name)
            if match and match[1] != major:
                found.append((path, name))
    return found


def load_optional(path: Path) -> List[Optional]:
    """The needs that may stay unmet, from a data file that says why and when this was read."""
    items = json.loads(path.read_text(encoding="utf-8"))["optional"]
    return [Optional(item["file"], item["library"], item["reason"]) for item in items]


def _by_file(needs: Iterable[Need]) -> Dict[Path, List[str]]:
    names: Dict[Path, List[str]] = {}
    for path, name in needs:
        names.setdefault(path, []).append(name)
    return names


def _plugin_words(allowed: Iterable[Need]) -> str:
    packages = Counter(
        path.as_posix().partition("/site-packages/")[2].split("/")[0] for path in {path for path, _ in allowed}
    )
    counts = ", ".join(f"{package} {count}" for package, count in sorted(packages.items()))
    return f"; optional plug-ins that lack theirs: {counts}" if counts else ""
