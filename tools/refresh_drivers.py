"""Refresh raydock/compat/data/drivers.yaml: the NVIDIA driver that each CUDA needs.

The source is the release notes of the CUDA toolkit, tables 2 and 3:
https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/. Tested on 2026-11-30, in tests/unit/tools/, with rows of both
tables from a stored copy of the release notes of CUDA 13.2, in the markup of Sphinx. Not tested with the live page.
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
    """Return the table with the drivers of a page.

    Raises ConfigurationError if the page is not the release notes.
    """
    known = load(TABLE.file, DriverTable)
    oldest = min(map(Version, known.toolkits))
    on_page = {cuda: driver for cuda, driver in toolkits(page).items() if Version(cuda) >= oldest}
    if not on_page:
        raise ConfigurationError(
            "the page has no row such as `CUDA 13.0 GA`.", todo="pass CUDA's release notes as HTML."
        )
    drivers = known.toolkits | on_page
    new = {major: drivers[f"{major}.0"] for major in families(page) if f"{major}.0" in drivers}
    floors = new | known.floors
    text = with_block(TABLE.read(), "toolkits", _lines(drivers))
    return Proposal(text=with_block(text, "floors", _lines(floors)), open=tuple(_disagreeing(floors, page)))


def toolkits(page: str) -> Drivers:
    """Return the driver of the first release of each toolkit (table 3)."""
    return _read(page, _TOOLKIT)


def families(page: str) -> Drivers:
    """Return the oldest driver, or its branch, of each major version (table 2)."""
    return _read(page, _FAMILY)


def _read(page: str, name: re.Pattern[str]) -> Drivers:
    """Return the first driver, that for Linux, of each row whose first cell matches `name`."""
    drivers: Drivers = {}
    for cells in rows(page):
        named = name.fullmatch(cells[0]) if len(cells) > 1 else None
        if named and (driver := _DRIVER.match(cells[1])):
            drivers.setdefault(named[1], driver[1])
    return drivers


def _disagreeing(floors: Drivers, page: str) -> Iterator[str]:
    """Yield the floors that are in a different branch than on the page."""
    for major, driver in families(page).items():
        if major in floors and floors[major].partition(".")[0] != driver.partition(".")[0]:
            yield f"the floor of CUDA {major} is {floors[major]}, and the page has {driver}."


def _lines(drivers: Drivers) -> Iterator[str]:
    return (f'"{cuda}": {drivers[cuda]}' for cuda in sorted(drivers, key=Version))


if __name__ == "__main__":
    main()
