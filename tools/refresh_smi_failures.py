"""Refresh raydock/pick/data/nvidia-smi.yaml: error messages of nvidia-smi and of the shell, and what to do.

The entries are written by hand from bug reports. No source lists changes of these messages, so this program lists the
entries with their age, and those older than a year must be reviewed.
"""

from datetime import date

from raydock.pick.nvidia_smi import SmiFailure
from tools.refresh import Proposal, Table, refresher, today
from tools.review import review_list

TABLE = Table(path="raydock/pick/data/nvidia-smi.yaml", marks=())


@refresher(TABLE)
def main() -> Proposal:
    """List the messages of nvidia-smi with their age and source; those older than a year must be reviewed.

    Read the source again, fix the entry if it changed, and write the new day into it by hand.

    \b
    Example: .venv/bin/python -m tools.refresh_smi_failures --check
    """
    return propose(today())


def propose(day: date) -> Proposal:
    """Return the unchanged table with its entries that are older than a year on `day`, and print all entries."""
    return review_list(TABLE, SmiFailure, lambda failure: failure.text, day)


if __name__ == "__main__":
    main()
