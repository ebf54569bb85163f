"""Refresh raydock/engine/data/start-failures.yaml: why engines cannot start a container.

The entries are messages of moby, runc, the CDI library and NVIDIA's hook. No source lists changes of these messages, so
this program says how old the table is, and it must be reviewed if that is more than a year.
"""

from datetime import date

import click

from raydock.core.yamlfile import load
from raydock.engine.start_failures import StartFailures
from tools.refresh import Proposal, Table, age, refresher, today

TABLE = Table(path="raydock/engine/data/start-failures.yaml", marks=())
_YEAR = 365


@refresher(TABLE)
def main() -> Proposal:
    """Say how old the table is; it must be reviewed if that is more than a year.

    Start containers that fail, with the newest releases of the programs in `source`, fix the entries whose message
    changed, and write the new day into the table by hand.

    \b
    Example: .venv/bin/python -m tools.refresh_start_failures --check
    """
    return propose(today())


def propose(day: date) -> Proposal:
    """Return the unchanged table, with what must be reviewed if it is older than a year on `day`."""
    table = load(TABLE.file, StartFailures)
    line = f"{len(table.gpus) + len(table.images)} entries of {table.date} ({age(table.date)}): {table.source}"
    click.echo(line)
    old = (day - table.date).days > _YEAR
    return Proposal(text=TABLE.read(), open=(f"check whether this is still true: {line}",) if old else ())


if __name__ == "__main__":
    main()
