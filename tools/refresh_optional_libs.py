"""Refresh raydock/probe/optional-libs.json: libraries that may be missing, because only a plug-in loads them.

The entries are written by hand when the check `libs` finds a missing library. This program looks for the files of each
entry in the wheels of all locks (it reads only their lists of files) and names entries that match no file: their
plug-in was removed or renamed. Tested against the package index on 2026-11-30, and in
tests/unit/tools/.
"""

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase

from packaging.version import Version

from raydock.core.parallel import readers
from raydock.index.client import Index
from raydock.model.lock import Pin
from tools.refresh import Proposal, Table, final_releases, linux_wheel, locked, opened, package_index, refresher

TABLE = Table(path="raydock/probe/optional-libs.json", marks=('"read": "',), hashed=True)


@refresher(TABLE)
def main() -> Proposal:
    """Look for the files that optional-libs.json names in the wheels of all locks.

    \b
    Example: .venv/bin/python -m tools.refresh_optional_libs --check
    """
    index, pins = package_index(), [pin for versions in locked().values() for pin in versions]
    with readers(16) as pool:
        return propose(path for paths in pool.map(lambda pin: _files(index, pin), pins) for path in paths)


def propose(paths: Iterable[str]) -> Proposal:
    """Return the unchanged table with its entries that match none of the paths, which begin with a `/`."""
    unused = {entry["file"] for entry in json.loads(TABLE.read())["optional"]}
    for path in paths:
        unused -= {pattern for pattern in unused if fnmatchcase(path, pattern)}
    return Proposal(
        text=TABLE.read(),
        open=tuple(
            f"no wheel of the locks has a file {pattern}: remove or fix the entry." for pattern in sorted(unused)
        ),
    )


def _files(index: Index, pin: Pin) -> list[str]:
    wheel = linux_wheel(final_releases(index, pin.name).get(Version(pin.version), ()))
    if wheel is None:
        return []
    with opened(index, wheel) as archive:
        return [f"/{name}" for name in archive.namelist()]


if __name__ == "__main__":
    main()
