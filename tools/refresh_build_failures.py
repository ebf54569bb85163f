"""Refresh raydock/builder/data/build-failures.yaml: why builds fail, by the output of uv and buildx.

No source lists changes of these messages, so this program says how old the table is, and it must be reviewed if that is
more than a year.
"""

from datetime import date

from raydock.builder.failures import BuildFailures
from raydock.core.yamlfile import load
from tools.refresh import Proposal, Table, refresher, today
from tools.review import review

TABLE = Table(path="raydock/builder/data/build-failures.yaml", marks=())


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
    return review(TABLE, [("the table", load(TABLE.file, BuildFailures))], day)


if __name__ == "__main__":
    main()
