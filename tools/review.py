"""The yearly review of tables that are written by hand, because no program can read their source."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

import click

from raydock.core.models import Dated
from raydock.core.yamlfile import read
from tools.refresh import Proposal, Table, age

_YEAR = 365
Item = TypeVar("Item", bound=Dated)


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


def review_list(table: Table, kind: type[Item], name: Callable[[Item], str], day: date) -> Proposal:
    """Review a table that is a list of entries, each with its own source and day: see `review`.

    kind: the model of an entry.
    name: the name of an entry in messages, after its line.
    """
    file = read(table.file)
    items = enumerate(file.convert(tuple[kind, ...]))  # type: ignore[valid-type]
    return review(table, [(f"{file.place(number)}: {name(item)}", item) for number, item in items], day)
