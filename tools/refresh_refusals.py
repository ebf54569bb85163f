"""Refresh raydock/registry/data/refusals.yaml: how registries refuse, and the setting that changes it.

The entries are written by hand from bug reports, documentation and experiments. No source lists changes of registries'
messages, so this program lists the entries with their age, and those older than a year must be reviewed.
"""

from datetime import date

from raydock.registry.refusals import Refusal
from tools.refresh import Proposal, Table, refresher, today
from tools.review import review_list

TABLE = Table(path="raydock/registry/data/refusals.yaml", marks=())


@refresher(TABLE)
def main() -> Proposal:
    """List the refusals of registries with their age and source; those older than a year must be reviewed.

    Read the source again, fix the entry if it changed, and write the new day into it by hand.

    \b
    Example: .venv/bin/python -m tools.refresh_refusals --check
    """
    return propose(today())


def propose(day: date) -> Proposal:
    """Return the unchanged table with its entries that are older than a year on `day`, and print all entries."""
    return review_list(TABLE, Refusal, lambda refusal: refusal.cause, day)


if __name__ == "__main__":
    main()
