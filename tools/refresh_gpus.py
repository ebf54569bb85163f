"""Refresh raydock/compat/data/gpus.yaml: full names of data-centre GPUs, and branches that take a cuda-compat package.

The names are from `supported-gpus.json`, a file of each NVIDIA driver (the appendix "Supported NVIDIA GPU Products" of
its README has the same list): those that match the patterns of the table and that the open kernel module supports,
which are Turing and newer. The branches are those with a "C" in the table of
https://docs.nvidia.com/deploy/cuda-compatibility/forward-compatibility.html. The patterns are written by hand. Tested
on 2026-11-30 with supported-gpus.json of Debian's nvidia-driver 550.163.01, and in tests/unit/tools/ with entries in
its format and with the table of branches from a stored copy of the page for CUDA 13.4, in the markup of Sphinx. Not
tested with the live page.
"""

import json
import re

import click

from raydock.compat.gpu_names import Names
from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import load
from tools.refresh import Proposal, Table, document, refresher, rows, with_block, with_list

TABLE = Table(path="raydock/compat/data/gpus.yaml", marks=("\ndate: ", 'products". Read '))

_BRANCH = re.compile(r"(\d{3})\+ \(CUDA [\d.]+\)")
_COMPATIBLE = "C"


@refresher(TABLE)
@click.argument("gpus")
@click.argument("page")
def main(gpus: str, page: str) -> Proposal:
    """Read the names of GPUs from GPUS, a supported-gpus.json, and the branches from PAGE, NVIDIA's page on forward
    compatibility as HTML. Both are a file or an address.

    \b
    Example: .venv/bin/python -m tools.refresh_gpus supported-gpus.json forward-compatibility.html
    """
    return propose(document(gpus), document(page))


def propose(gpus: str, page: str) -> Proposal:
    """Return the table with the new names and the branches.

    Raises ConfigurationError if a source is a different document.
    """
    known, text = load(TABLE.file, Names), TABLE.read()
    new = [
        name
        for name in names(gpus)
        if known.is_data_centre(name) and not known.is_on_arm(name) and name not in known.products
    ]
    if new:
        text = with_block(text, "products", (f'- "{name}"' for name in (*known.products, *new)))
    return Proposal(text=with_list(text, "branches", branches(page)))


def names(gpus: str) -> list[str]:
    """Return the names of GPUs from Turing on in a supported-gpus.json, each once.

    Raises ConfigurationError if the document has a different form.
    """
    try:
        chips = json.loads(gpus)["chips"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise ConfigurationError("GPUS has no list `chips`.", todo="pass a supported-gpus.json of NVIDIA.") from None
    return list(dict.fromkeys(chip["name"] for chip in chips if "kernelopen" in chip.get("features", ())))


def branches(page: str) -> list[int]:
    """Return the driver branches to which a cuda-compat package can be added.

    Raises ConfigurationError if the page does not have the table.
    """
    known: list[int] = []
    compatible: set[int] = set()
    for cells in rows(page):
        heads = [int(head[1]) for cell in cells if (head := _BRANCH.fullmatch(cell))]
        known = heads or known
        if cells and cells[0].startswith("cuda-compat-") and len(cells) == len(known) + 1:
            compatible |= {branch for branch, cell in zip(known, cells[1:], strict=True) if cell == _COMPATIBLE}
    if not compatible:
        raise ConfigurationError(
            "PAGE has no table with a column such as `580+ (CUDA 13.0)`.",
            todo="pass NVIDIA's page on forward compatibility as HTML.",
        )
    return sorted(compatible)


if __name__ == "__main__":
    main()
