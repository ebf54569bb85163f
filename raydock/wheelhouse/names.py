"""File names of wheels.

As pip requires them, and as browsers, download tools and mirrors write them.
"""

import re
from pathlib import Path
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

_ZIP = b"PK\x03\x04"
_PLAIN = re.compile(r"[A-Za-z0-9_.+!-]+\.whl")
# How browsers, wget wrappers and download managers name an incomplete file; rsync's name starts with a dot.
_PARTIAL = re.compile(
    r"\.(part|partial|crdownload|opdownload|download|filepart|unfinished|incomplete|current|aria2"
    r"|!ut|!qb|!bt|bc!|td|xltd|fdmdownload|idownload|dltemp)$",
    re.I,
)
_PARTIAL_WHEEL = re.compile(r"\.whl\.(te?mp)$|^\..+\.whl\.[A-Za-z0-9]{6}$", re.I)
# A second download of the same name (Chrome, Firefox, Windows, macOS), and what follows the name: the rest of a URL, or
# an extension.
_COPY = re.compile(r"\s*\(\d+\)| - copy(?: \(\d+\))?| copy(?: \d+)?|\s+\d+", re.I)
_NUMBERED = re.compile(r"(-(?:\w+[._])*(?:any|win32|x86_64|amd64|aarch64|arm64|i686|universal2))_\d+$", re.I)
_REST = re.compile(r"(\.whl)(?:[?#;&@].*|(?:\.[\w!~-]+)+)$", re.I)
# What macOS writes next to a file on a disk of another system: its attributes, not its content.
_APPLE_DOUBLE = "._"


def is_partial(name: str) -> bool:
    """Whether a file name is that of an incomplete download."""
    return bool(_PARTIAL.search(name) or _PARTIAL_WHEEL.search(name))


def is_wheel(path: Path) -> bool:
    """Whether a file is a wheel by its name, or by its name and its first bytes. Raises OSError if it cannot be read.

    A file with `.whl` inside its name that is not an archive belongs to a wheel: its metadata, signature or hash. An
    archive is a wheel if its content says so, whatever its name is.
    """
    if path.name.startswith(_APPLE_DOUBLE) or not path.is_file():
        return False
    if path.name.endswith(".whl"):
        return True
    return _is_zip(path) and (".whl" in _unquoted(path.name.casefold()) or bool(_name_inside(path)))


def is_proper(name: str) -> bool:
    """Whether pip accepts this file name as a wheel (PEP 427)."""
    try:
        parse_wheel_filename(name)
    except InvalidWheelFilename:
        return False
    return bool(_PLAIN.fullmatch(name)) and name.count(".whl") == 1 and not _NUMBERED.search(name.removesuffix(".whl"))


def right_name(path: Path) -> str:
    """The name that pip requires for a wheel.

    It is empty if neither the name nor the content of the file shows it.
    """
    name = _unquoted(path.name)
    stem = _REST.sub(r"\1", name).strip()
    stem = re.sub(r"(\.(whl|zip))+$", "", stem, flags=re.I)
    copied = _COPY.sub("", stem)
    for candidate in (stem, _NUMBERED.sub(r"\1", stem), copied, copied.replace(" ", "+")):
        if is_proper(f"{candidate}.whl"):
            return f"{candidate}.whl"
    return _name_inside(path)


def _unquoted(name: str) -> str:
    """A name without percent-encoding.

    Some mirrors and tools apply it twice (%252B).
    """
    while (plain := unquote(name)) != name:
        name = plain
    return name


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _name_inside(path: Path) -> str:
    """The name by a wheel's .dist-info folder and WHEEL file.

    It is empty if they are missing or the archive is damaged.
    """
    try:
        with ZipFile(path) as archive:
            members = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/WHEEL", name)]
            text = archive.read(members[0]).decode() if len(members) == 1 else ""
    except (BadZipFile, EOFError, NotImplementedError, ValueError):
        return ""
    lines = [line.partition(":")[::2] for line in text.splitlines()]
    tags = [value.strip().split("-") for key, value in lines if key == "Tag"]
    if not tags or any(len(tag) != 3 for tag in tags):
        return ""
    build = "".join(f"-{value.strip()}" for key, value in lines if key == "Build")
    joined = "-".join(".".join(dict.fromkeys(tag[part] for tag in tags)) for part in range(3))
    name = f"{members[0].partition('.dist-info/')[0]}{build}-{joined}.whl"
    return name if is_proper(name) else ""
