"""Refresh raydock/engine/data/answers.yaml: the answers of Docker's Engine API on which raydock relies.

The table has only the keys that raydock reads, so this program says how old it is.
"""

from raydock.core.yamlfile import load
from raydock.engine.responses import AnswerForms
from tools.refresh import Proposal, Table, refresher, today
from tools.review import review

TABLE = Table(path="raydock/engine/data/answers.yaml", marks=())


@refresher(TABLE)
def main() -> Proposal:
    """Say how old the table is; it must be reviewed if that is more than a year.

    Compare it with the page in `source` for the newest version of the API, and write the new day and that version into
    the table by hand.

    \b
    Example: .venv/bin/python -m tools.refresh_answers --check
    """
    return review(TABLE, [("the table", load(TABLE.file, AnswerForms))], today())


if __name__ == "__main__":
    main()
