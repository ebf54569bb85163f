from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.wheelhouse.folder import read
from tests.support.wheels import sdist, wheel


def test_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "thing-1.0-py3-none-any.whl").write_bytes(wheel("thing", "1.0"))
    (tmp_path / "thing-1.1-py3-none-any.whl").write_bytes(b"cut short")
    for name in ("a-1.0-py3-none-any.whl.current", "b-1.0-py3-none-any.whl.part", "Unconfirmed 7.crdownload"):
        (tmp_path / name).write_bytes(b"PK")
    (tmp_path / "old-1.0.tar.gz").write_bytes(sdist("old", "1.0"))
    (tmp_path / "README.txt").write_text("copied on Monday")
    (tmp_path / "more").mkdir()
    folder = read(tmp_path)
    assert [str(wheel) for wheel in folder.wheels] == ["thing 1.0"]
    assert list(folder.broken) == ["thing-1.1-py3-none-any.whl"]
    assert [name.rpartition(".")[2] for name in folder.partial] == ["crdownload", "current", "part"]
    assert folder.sdists == ("old-1.0.tar.gz",)


def test_a_missing_folder_gets_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    with pytest.raises(ConfigurationError, match="is not a folder") as caught:
        read(tmp_path / "whels")
    assert "'wheels'" in caught.value.todo


def test_a_missing_folder_does_not_list_folders_that_are_not_similar(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    with pytest.raises(ConfigurationError, match="is not a folder") as caught:
        read(tmp_path / "whels")
    assert caught.value.todo == "name a folder with wheels."


def test_a_folder_without_wheels(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("nothing")
    with pytest.raises(ConfigurationError, match="has no wheels"):
        read(tmp_path)
