"""The yearly review of tables that are written by hand, because no program can read their source."""

from collections.abc import Iterable
from datetime import date

import click

from raydock.core.models import Dated
from tools.refresh import Proposal, Table, age

_YEAR = 365


def review(table: Table, entries: Iterable[tuple[str, Dated]], day: date) -> Proposal:
    """Return an unchanged table with its entries that are older than a year on `day`, and print all entries.

    entries: each entry of the table with its name, or the table itself if its entries have no days of their own.
    """
    old = []
    for name, entry in entries:
        line = f"{name} of {entry.date} ({age(entry.date)}): {entry.source}"
        click.echo(line)
        if (day - entry.date).days > _YEAR:
            old.append(f"check whether this is still true: {line}")
    return Proposal(text=table.read(), open=tuple(old))
