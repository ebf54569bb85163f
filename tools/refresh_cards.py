"""Refresh raydock/probe/gpu/cards.json: the peak rates of GPUs.

The rates are written by hand from NVIDIA's datasheets (PDF). This program lists the data-centre GPUs of
raydock/compat/data/gpus.yaml that match no entry.
"""

import json
from collections.abc import Iterable

import click

from raydock.compat import gpu_names
from raydock.model.pattern import matches
from tools.refresh import Proposal, Table, refresher

TABLE = Table(path="raydock/probe/gpu/cards.json", marks=('"date": "',), hashed=True)


@refresher(TABLE)
def main() -> Proposal:
    """List the data-centre GPUs whose rates are not in cards.json.

    Add each from its datasheet: memory bandwidth, and dense bf16 and tf32 (half of the rates with sparsity).

    \b
    Example: .venv/bin/python -m tools.refresh_cards --check
    """
    return propose(gpu_names.known().products)


def propose(products: Iterable[str]) -> Proposal:
    """Return the unchanged table with the products that match no entry."""
    table = json.loads(TABLE.read())
    patterns = [card["name"] for card in table["cards"]]
    missing = [name for name in products if not any(matches(pattern, name) for pattern in patterns)]
    click.echo(f"{TABLE.path} is dated {table['date']}, with {len(patterns)} entries.")
    return Proposal(
        text=TABLE.read(), open=tuple(f"no entry matches {name}: add it from its datasheet." for name in missing)
    )


if __name__ == "__main__":
    main()
