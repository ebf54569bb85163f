"""Refresh raydock/compat/data/sdists.yaml: packages that are built from source.

The entries are written by hand, because a person must review the code that a build runs. This program checks in the
package index whether each is still needed and unchanged. Tested against the package index on 2026-11-30, and in
tests/unit/tools/.
"""

from collections.abc import Iterable, Iterator

from packaging.version import Version

from raydock.compat.sdists import Sdist
from raydock.core.yamlfile import load
from raydock.index.client import Index
from tools.refresh import Proposal, Table, final_releases, package_index, refresher

TABLE = Table(path="raydock/compat/data/sdists.yaml", marks=("\n  date: ",))


@refresher(TABLE)
def main() -> Proposal:
    """Check that each package that is built from source still has no wheel in the package index.

    \b
    Example: .venv/bin/python -m tools.refresh_sdists --check
    """
    return propose(package_index(), load(TABLE.file, tuple[Sdist, ...]))


def propose(index: Index, entries: Iterable[Sdist]) -> Proposal:
    """Return the unchanged table with what is out of date in its entries."""
    return Proposal(text=TABLE.read(), open=tuple(line for entry in entries for line in _changes(index, entry)))


def _changes(index: Index, entry: Sdist) -> Iterator[str]:
    files = index.page(entry.name).files
    if any(file.package_type == "wheel" for file in files):
        yield f"{entry.name} has a wheel: remove the entry if a variant can use it."
    if entry.sha256 not in {file.digests.get("sha256") for file in files}:
        yield f"{entry.name} {entry.version} with this sha256 is no longer in the package index."
    newer = [version for version in final_releases(index, entry.name) if version > Version(entry.version)]
    if newer:
        yield f"{entry.name} {newer[-1]} is newer than {entry.version}: check whether it has a wheel, or use it."


if __name__ == "__main__":
    main()
