"""Tables with their own content, so that a refresh of the committed tables does not break a test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import refresh
from tools.refresh import Table

Put = Callable[[Table, str], None]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Replace the text of a table."""
    monkeypatch.setattr(refresh, "ROOT", tmp_path)

    def put(table: Table, text: str) -> None:
        table.file.parent.mkdir(parents=True, exist_ok=True)
        table.file.write_text(text, encoding="utf-8")

    return put
