from datetime import date
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model.tested import TestedSet, dump, load

OLD = TestedSet(tested=date(2026, 11, 1))
NEW = TestedSet(tested=date(2026, 12, 1), failure="ray: it does not start")


def test_the_newest_result_of_each_set_counts(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped.yaml", tmp_path / "own.yaml"
    assert load((shipped, own)) == {}
    shipped.write_text(dump({"a": NEW, "b": OLD}))
    own.write_text(dump({"a": OLD, "c": OLD}))
    assert load((shipped, own)) == {"a": NEW, "b": OLD, "c": OLD}
    assert (str(OLD), str(NEW)) == ("passed on 2026-11-01", "failed on 2026-12-01")


def test_an_invalid_file_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("sets:\n  a: {tested: yesterday}\n")
    with pytest.raises(ConfigurationError, match=r"own\.yaml:2"):
        load((tmp_path / "own.yaml",))
