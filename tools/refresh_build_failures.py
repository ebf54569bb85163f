"""Refresh raydock/builder/data/build-failures.yaml: why builds fail, by the output of uv and buildx.

No source lists changes of these messages, so this program says how old the table is, and it must be reviewed if that is
more than a year.
"""

from datetime import date

import click

from raydock.builder.failures import BuildFailures
from raydock.core.yamlfile import load
from tools.refresh import Proposal, Table, age, refresher, today

TABLE = Table(path="raydock/builder/data/build-failures.yaml", marks=())
_YEAR = 365


@refresher(TABLE)
def main() -> Proposal:
    """Say how old the table is; it must be reviewed if that is more than a year.

    Let the pinned uv read from a server that gives each answer, and build without an engine, without space and with a
    full build cache. Fix the entries whose message changed, and write the new day into the table by hand.

    \b
    Example: .venv/bin/python -m tools.refresh_build_failures --check
    """
    return propose(today())


def propose(day: date) -> Proposal:
    """Return the unchanged table, with what must be reviewed if it is older than a year on `day`."""
    table = load(TABLE.file, BuildFailures)
    line = f"{len(table.failures)} entries of {table.date} ({age(table.date)}): {table.source}"
    click.echo(line)
    old = (day - table.date).days > _YEAR
    return Proposal(text=TABLE.read(), open=(f"check whether this is still true: {line}",) if old else ())


if __name__ == "__main__":
    main()
