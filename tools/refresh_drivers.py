"""Refresh raydock/compat/data/drivers.yaml: the NVIDIA driver that each CUDA needs.

The source is the release notes of the CUDA toolkit, tables 2 and 3:
https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/. Tested on 2026-11-30, in tests/unit/tools/, on rows of both
tables as a stored copy of the release notes of CUDA 13.2 has them, in the markup of Sphinx. The page itself
could not be reached from the machine on which this was written.
"""

import re
from collections.abc import Iterator

import click
from packaging.version import Version

from raydock.compat.hardware import DriverTable
from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import load
from tools.refresh import Proposal, Table, document, refresher, rows, with_block

TABLE = Table(path="raydock/compat/data/drivers.yaml")

_TOOLKIT = re.compile(r"CUDA (\d+\.\d+)(?:\.\d+)? GA")
_FAMILY = re.compile(r"(\d+)\.x")
_DRIVER = re.compile(r">=\s*(\d[\d.]*)")

Drivers = dict[str, str]


@refresher(TABLE)
@click.argument("page")
def main(page: str) -> Proposal:
    """Read the drivers of all CUDA toolkits from PAGE, a file or address: the toolkit's release notes as HTML.

    \b
    Example: .venv/bin/python -m tools.refresh_drivers release-notes.html
    """
    return propose(document(page))


def propose(page: str) -> Proposal:
    """The table with the drivers on a page. Raises ConfigurationError if it is not the release notes."""
    known = load(TABLE.file, DriverTable)
    oldest = min(map(Version, known.toolkits))
    found = {cuda: driver for cuda, driver in toolkits(page).items() if Version(cuda) >= oldest}
    if not found:
        raise ConfigurationError(
            "the page has no row such as `CUDA 13.0 GA`.", todo="name CUDA's release notes as HTML."
        )
    drivers = known.toolkits | found
    new = {major: drivers[f"{major}.0"] for major in families(page) if f"{major}.0" in drivers}
    floors = new | known.floors
    text = with_block(TABLE.read(), "toolkits", _lines(drivers))
    return Proposal(text=with_block(text, "floors", _lines(floors)), open=tuple(_disagreeing(floors, page)))


def toolkits(page: str) -> Drivers:
    """The driver that came with the first release of each toolkit (table 3)."""
    return _read(page, _TOOLKIT)


def families(page: str) -> Drivers:
    """The oldest driver, or its branch, of each major version (table 2)."""
    return _read(page, _FAMILY)


def _read(page: str, name: re.Pattern[str]) -> Drivers:
    """The first driver in each row whose first cell is a name; rows for Linux begin with it."""
    found: Drivers = {}
    for cells in rows(page):
        named = name.fullmatch(cells[0]) if len(cells) > 1 else None
        if named and (driver := _DRIVER.match(cells[1])):
            found.setdefault(named[1], driver[1])
    return found


def _disagreeing(floors: Drivers, page: str) -> Iterator[str]:
    """Floors that are not in the branch that the page states."""
    for major, driver in families(page).items():
        if major in floors and floors[major].partition(".")[0] != driver.partition(".")[0]:
            yield f"the floor of CUDA {major} is {floors[major]}, and the page has {driver}."


def _lines(drivers: Drivers) -> Iterator[str]:
    return (f'"{cuda}": {drivers[cuda]}' for cuda in sorted(drivers, key=Version))


if __name__ == "__main__":
    main()
