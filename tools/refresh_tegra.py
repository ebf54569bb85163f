"""Refresh raydock/compat/data/tegra.yaml: the compute capabilities of Tegra's GPUs (Jetson, DRIVE).

The source is the column "Jetson" of https://developer.nvidia.com/cuda-gpus, and of its page for older GPUs. Numbers
that are on neither page stay in the table, such as 3.2 (TK1) and 10.1 (Thor before CUDA 13). Tested on 2026-11-30, in
tests/unit/tools/, with the rows of stored copies of both pages, in plain HTML. Not tested with the live pages.
"""

import re

import click

from raydock.compat.gpucode import TegraGpus
from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import load
from tools.refresh import Proposal, Table, document, refresher, rows, with_list

TABLE = Table(path="raydock/compat/data/tegra.yaml")

_CAPABILITY = re.compile(r"\d+\.\d")
_COLUMN = "Jetson"


@refresher(TABLE)
@click.argument("page")
def main(page: str) -> Proposal:
    """Read the compute capabilities of Jetson from PAGE, a file or address: NVIDIA's table of CUDA GPUs as HTML.

    \b
    Example: .venv/bin/python -m tools.refresh_tegra cuda-gpus.html
    """
    return propose(document(page))


def propose(page: str) -> Proposal:
    """Return the table with the numbers of a page and those that it already has."""
    known = load(TABLE.file, TegraGpus)
    return Proposal(text=with_list(TABLE.read(), "sm", sorted(known.sm | numbers(page))))


def numbers(page: str) -> set[int]:
    """Return the numbers (87 is 8.7) of the rows that name a Jetson.

    Raises ConfigurationError if the page has no such row.
    """
    column, result = None, set()
    for cells in rows(page):
        if _COLUMN in cells:
            column = cells.index(_COLUMN)
        elif column is not None and len(cells) > column and cells[column] and _CAPABILITY.fullmatch(cells[0]):
            result.add(int(cells[0].replace(".", "")))
    if not result:
        raise ConfigurationError(f"the page has no table with a column {_COLUMN}.", todo="pass NVIDIA's page as HTML.")
    return result


if __name__ == "__main__":
    main()
