"""The check `libs`: every ELF file finds the libraries that it needs.

A library is found if the dynamic linker would find it (the file's own RUNPATH or RPATH, LD_LIBRARY_PATH, the linker's
cache, this Python's libraries), or if a file of the environment is that library: packages such as torch load the
libraries of the nvidia-* packages before the extensions that need them, and a loaded SONAME satisfies every later need.
"""

import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, Iterator, List, Sequence, Set, Tuple

from . import elf
from .answer import CheckError, conclude
from .image import ENVIRONMENT, Image
from .process import capture

OPTIONAL = Path(__file__).with_name("optional-libs.json")
# The driver's libraries come from the host (NVIDIA Container Toolkit, libnvidia-container).
DRIVER = ("libcuda.so.*", "libnvidia-*.so*")
# Libraries whose SONAME has CUDA's major version, with or without auditwheel's hash (CUDA release notes, 11 to 13).
_CUDA = re.compile(r"lib(?:cudart|cublas|cublasLt|nvrtc|nvJitLink|cupti)(?:-[0-9a-f]{8})?\.so\.(\d{1,2})(?:\.|$)")
Need = Tuple[Path, str]
_SHARED = re.compile(r"\.so(?:\.|$)")


@dataclass(frozen=True)
class OptionalNeed:
    """A library that a file may lack.

    Attributes:
        file: a glob of the file's path.
        library: a glob of the library's name.
        reason: why the library is optional.
    """

    file: str
    library: str
    reason: str


def libs(image: Image) -> str:
    """Check that every ELF file under /opt/venv finds its libraries and glibc.

    CUDA libraries must have the variant's major version.
    """
    return survey(ENVIRONMENT, image.axes["cuda"], load_optional(OPTIONAL))


def survey(root: Path, cuda: str, optional: Sequence[OptionalNeed]) -> str:
    """Check the files below `root`.

    Raises CheckError if a library is missing or wrong.
    """
    files, problems = scan(root)
    if not files and not problems:
        raise CheckError(f"no ELF file under {root}: this is not a Ray environment")
    outside = loader_names()
    inside = {name for path, file in files.items() for name in (path.name, file.soname)}
    unmet = [(path, name) for path, file in files.items() for name in missing(path, file, outside, inside)]
    allowed = [need for need in unmet if is_optional(need, optional)]
    for path, needs in groupby(sorted(set(unmet) - set(allowed)), key=itemgetter(0)):
        problems.append(f"{path} needs {', '.join(name for _, name in needs)}, not found")
    problems += glibc_problems(files)
    foreign = sorted(need for need in foreign_cuda(files, cuda) if not is_optional(need, optional))
    problems += [f"{path} has or needs {name}, but the variant's CUDA is {cuda}" for path, name in foreign]
    count = sum(len(file.needed) for file in files.values())
    return conclude(problems, f"{len(files)} ELF files find {count} libraries{_describe_plugins(allowed)}")


def is_optional(need: Need, optional: Sequence[OptionalNeed]) -> bool:
    """Whether a file may lack a library."""
    path, name = need
    return any(fnmatch(path.as_posix(), entry.file) and fnmatch(name, entry.library) for entry in optional)


def scan(root: Path) -> Tuple[Dict[Path, elf.Elf], List[str]]:
    """The ELF files for this machine below a folder, by path, and problems."""
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
    """Files that may be ELF files: shared objects by name, and executable files.

    Linked folders are followed.
    """
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
    """The libraries that an ELF file needs and that nothing here provides.

    The driver's libraries do not count.
    """
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
    """The names that the dynamic linker finds for any program.

    They are in its cache, in LD_LIBRARY_PATH, or loaded by this Python.
    """
    cache = capture("/sbin/ldconfig", "-p").splitlines()[1:]
    names = {line.split()[0] for line in cache if "=>" in line}
    for folder in filter(os.path.isdir, os.environ.get("LD_LIBRARY_PATH", "").split(":")):
        names |= set(os.listdir(folder))
    return frozenset(names.union(map(os.path.basename, loaded_libraries())))


def loaded_libraries() -> Set[str]:
    """The paths of the shared libraries that this process has loaded."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return {line.split(maxsplit=5)[5] for line in maps if ".so" in line}


def glibc_problems(files: Dict[Path, elf.Elf]) -> List[str]:
    """A line for every file that was linked against a newer glibc than this system's."""
    version = (os.confstr("CS_GNU_LIBC_VERSION") or "glibc 0.0").split()[1]
    here = tuple(int(part) for part in version.split(".")[:2])
    return [
        f"{path} needs glibc {file.glibc[0]}.{file.glibc[1]}; this is {version}"
        for path, file in sorted(files.items())
        if file.glibc > here
    ]


def foreign_cuda(files: Dict[Path, elf.Elf], cuda: str) -> List[Need]:
    """CUDA libraries, present or needed, of a different major version.

    For `cpu` that is every CUDA library.
    """
    major = cuda.partition(".")[0]
    foreign = []
    for path, file in files.items():
        for name in {path.name, file.soname, *file.needed}:
            match = _CUDA.match(name)
            if match and match[1] != major:
                foreign.append((path, name))
    return foreign


def load_optional(path: Path) -> List[OptionalNeed]:
    """Read the optional libraries from a data file."""
    return [OptionalNeed(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))["optional"]]


def _describe_plugins(allowed: Iterable[Need]) -> str:
    packages = Counter(
        path.as_posix().partition("/site-packages/")[2].split("/")[0] for path in {path for path, _ in allowed}
    )
    counts = ", ".join(f"{package} {count}" for package, count in sorted(packages.items()))
    return f"; optional plug-ins without their libraries: {counts}" if counts else ""
