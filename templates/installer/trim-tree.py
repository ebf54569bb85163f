"""Remove what nothing in the image loads from the packages of a site-packages folder.

    trim-tree.py SITE PATTERNS    (a site-packages folder, and a file of patterns: unused-files.txt)

Removes the files that match a pattern, virtualenv's wheels for different Pythons, and debug information. Equal files of
a folder become one file and links to it. Each RECORD lists the remaining files, with hash and size.
"""

import ast
import base64
import csv
import hashlib
import mmap
import stat
import sys
from fnmatch import fnmatchcase
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # `python -I` does not add this folder

from without_debug import without_debug

BUNDLED = "virtualenv/seed/wheels/embed/"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
LINKED_SIZE = 100_000  # bytes; an equal file of this size or more becomes a link


def trim(site, patterns):
    """Trim every package of a site-packages folder. Returns the saved bytes."""
    unused = [*holding(site, patterns), *other_wheels(site)]
    return sum(trim_package(site, record, unused) for record in sorted(site.glob("*.dist-info/RECORD")))


def holding(site, lines):
    """The patterns of these lines whose condition is true in a site-packages folder."""
    parts = (line.partition(" if ") for line in lines)
    return [pattern for pattern, _, condition in parts if not condition or any(site.glob(condition))]


def trim_package(site, record, unused):
    """Trim the package of a RECORD, and write the RECORD again. Returns the saved bytes."""
    saved = 0
    left = []
    with record.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            if any(fnmatchcase(row[0], pattern) for pattern in unused):
                saved += remove(site / row[0])
            else:
                saved += strip(site / row[0], row)
                left.append(row)
    saved += link_equal(site, left)
    record.unlink()  # files are hard links to uv's cache
    with record.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(left)
    return saved


def other_wheels(site):
    """The paths of the wheels in virtualenv that are for different Pythons than this one."""
    listing = site / BUNDLED / "__init__.py"
    wheels = bundled(listing.read_text(encoding="utf-8")) if listing.exists() else {}
    others = {name for bundle in wheels.values() for name in bundle.values()} - set(wheels.get(PYTHON, {}).values())
    return [BUNDLED + name for name in sorted(others)] if PYTHON in wheels else []


def bundled(listing):
    """virtualenv's names of its wheels, by Python and project; empty if its listing has a form that is unknown here.

    Until virtualenv 21.15.6, BUNDLE_SUPPORT is assigned without an annotation, and with one in 21.15.11.
    """
    for statement in ast.parse(listing).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "BUNDLE_SUPPORT" for target in targets):
            try:
                return ast.literal_eval(statement.value)
            except ValueError:
                break
    print("virtualenv's wheels for other Pythons stay: the form of its list is unknown")
    return {}


def remove(path):
    """Remove a file, and its folders if they are empty then. Returns its bytes."""
    size = path.stat().st_size
    path.unlink()
    for folder in path.parents:
        if any(folder.iterdir()):
            break
        folder.rmdir()
    return size


def strip(path, row):
    """Remove the debug information of a program or library, and correct its row of the RECORD.

    Returns the saved bytes.
    """
    status = path.stat()
    if not status.st_size or not (".so" in path.name or status.st_mode & stat.S_IXUSR):
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        stripped = without_debug(data)
    if stripped is None:
        return 0
    path.unlink()  # not written in place, because files are hard links to uv's cache
    path.write_bytes(stripped)
    path.chmod(status.st_mode)
    digest = base64.urlsafe_b64encode(hashlib.sha256(stripped).digest()).rstrip(b"=").decode()
    row[1:] = [f"sha256={digest}", str(len(stripped))]
    return status.st_size - len(stripped)


def link_equal(site, rows):
    """Replace files that equal a different file of their folder by links. Returns the saved bytes."""
    saved = 0
    first = {}
    for name, digest, size in sorted(rows):
        path = site / name
        if not digest or int(size) < LINKED_SIZE or path.is_symlink():
            continue
        original = first.setdefault((path.parent, digest), path)
        if original != path:
            saved += path.stat().st_size
            path.unlink()
            path.symlink_to(original.name)
    return saved


if __name__ == "__main__":
    folder, listing = map(Path, sys.argv[1:])
    lines = listing.read_text(encoding="utf-8").splitlines()
    saved_bytes = trim(folder, [line for line in lines if line and not line.startswith("#")])
    print(f"left out {saved_bytes / 1e6:.1f} MB of files and debug information that nothing loads")
