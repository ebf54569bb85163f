"""Refresh raydock/engine/data/start-failures.yaml: why engines cannot start a container.

The entries are messages of moby, runc, the CDI library and NVIDIA's hook. No source lists changes of these messages, so
this program says how old the table is.
"""

from raydock.core.yamlfile import load
from raydock.engine.start_failures import StartFailures
from tools.refresh import Proposal, Table, refresher, today
from tools.review import review

TABLE = Table(path="raydock/engine/data/start-failures.yaml", marks=())


@refresher(TABLE)
def main() -> Proposal:
    """Say how old the table is; it must be reviewed if that is more than a year.

    Start containers that fail, with the newest releases of the programs in `source`, fix the entries whose message
    changed, and write the new day into the table by hand.

    \b
    Example: .venv/bin/python -m tools.refresh_start_failures --check
    """
    return review(TABLE, [("the table", load(TABLE.file, StartFailures))], today())


if __name__ == "__main__":
    main()
