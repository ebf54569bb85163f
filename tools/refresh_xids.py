"""Refresh raydock/doctor/data/xids.yaml: what to do about the driver's errors in the kernel log.

The source is https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html. An Xid whose immediate action
resets the GPU or restarts the machine is added to `gpu` with the catalogue's own description, which can then be
simplified by hand. Other Xids are not added: their program is restarted in any case. Tested on 2026-11-30, in
tests/unit/tools/, with rows from a stored copy of the catalogue, in the markup of Sphinx. Not tested with the live
page.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import load
from raydock.doctor.xids import XidTable
from tools.refresh import Proposal, Table, document, refresher, rows, with_block

TABLE = Table(path="raydock/doctor/data/xids.yaml")

_CODE, _DESCRIPTION, _ACTION = "Code", "Description", "Resolution Bucket (Immediate Action)"
_RESETS = {"RESET_GPU", "RESTART_BM", "RESTART_VM"}
_RESTARTS = "RESTART_APP"


@dataclass(frozen=True, kw_only=True)
class CatalogueXid:
    """An Xid in NVIDIA's catalogue.

    Attributes:
        code: its number.
        description: NVIDIA's text.
        action: the immediate action, such as RESET_GPU.
    """

    code: str
    description: str
    action: str


@refresher(TABLE)
@click.argument("page")
def main(page: str) -> Proposal:
    """Compare xids.yaml with PAGE, a file or address: NVIDIA's catalogue of Xids as HTML.

    \b
    Example: .venv/bin/python -m tools.refresh_xids analyzing-xid-catalog.html
    """
    return propose(document(page))


def propose(page: str) -> Proposal:
    """Return the table with the Xids that reset a GPU, and those for which the catalogue has a different cause."""
    known = load(TABLE.file, XidTable)
    catalogue = list(xids(page))
    listed = known.program | known.gpu
    new = {xid.code: _scalar(xid) for xid in catalogue if xid.action in _RESETS and xid.code not in listed}
    text = TABLE.read()
    if new:
        text = with_block(text, "gpu", (f'"{code}": {description}' for code, description in (known.gpu | new).items()))
    return Proposal(text=text, open=tuple(_disagreements(catalogue, known)))


def xids(page: str) -> Iterator[CatalogueXid]:
    """Yield the Xids of the catalogue that occur on some GPU.

    Raises ConfigurationError if the page is not the catalogue.
    """
    heads: tuple[str, ...] = ()
    for cells in rows(page):
        if {_CODE, _DESCRIPTION, _ACTION} <= set(cells):
            heads = cells
        elif len(cells) == len(heads) and "YES" in cells:
            named = dict(zip(heads, cells, strict=True))
            yield CatalogueXid(code=named[_CODE], description=named[_DESCRIPTION], action=named[_ACTION])
    if not heads:
        raise ConfigurationError(f"the page has no table with a column {_ACTION}.", todo="pass the catalogue as HTML.")


def _disagreements(catalogue: list[CatalogueXid], known: XidTable) -> Iterator[str]:
    for xid in catalogue:
        if xid.code in known.program and xid.action in _RESETS:
            yield f"Xid {xid.code} is a program's fault here, but {xid.action} in the catalogue: {xid.description}"
        if xid.code in known.gpu and xid.action == _RESTARTS:
            yield f"Xid {xid.code} is the GPU's fault here, but {xid.action} in the catalogue: {xid.description}"


def _scalar(xid: CatalogueXid) -> str:
    """Return NVIDIA's description as a YAML scalar."""
    text = xid.description.replace('"', "'")
    return f'"{text}"' if set(text) & set(":#{}[]&*!|>%@`") else text


if __name__ == "__main__":
    main()
