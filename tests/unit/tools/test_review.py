"""Tables that no program can check are reviewed each year."""

from datetime import date
from pathlib import Path

import pytest

from raydock.core.models import Dated
from tools.refresh import Table
from tools.review import review

DAY = date(2026, 12, 24)


@pytest.mark.parametrize(("written", "is_old"), [(date(2025, 12, 24), False), (date(2025, 12, 23), True)])
def test_an_entry_is_reviewed_after_a_year(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: date, *, is_old: bool
) -> None:
    monkeypatch.setattr("tools.refresh.ROOT", tmp_path)
    (tmp_path / "table.yaml").write_text("a: 1\n")
    entries = [("new", Dated(source="a page", date=DAY)), ("old", Dated(source="an issue", date=written))]
    proposal = review(Table(path="table.yaml", marks=()), entries, DAY)
    assert proposal.text == "a: 1\n"
    assert [line.partition(" (")[0] for line in proposal.open] == [
        f"check whether this is still true: old of {written}"
    ] * is_old
