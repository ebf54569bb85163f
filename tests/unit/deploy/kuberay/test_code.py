"""Folders that a ConfigMap can contain, and folders that are refused."""

from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.code import LIMIT, read

EXAMPLES = sorted(path for path in (Path(__file__).parents[4] / "examples").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_every_example_fits_into_a_config_map(folder: Path) -> None:
    assert any(name.endswith(".py") for name in read(folder).files)


def test_hidden_files_and_bytecode_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text("é\n")
    assert read(tmp_path).files == {"a.py": "é\n"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a b.py", b"", "not a valid key of a ConfigMap"),
        ("a.bin", b"\xff\xfe", "not UTF-8 text"),
        ("a.txt", b"a" * (LIMIT - 4), "1048577 bytes"),
    ],
)
def test_files_that_a_config_map_cannot_contain(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path)


def test_empty_folders_and_subfolders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="contains no file"):
        read(tmp_path)
    (tmp_path / "package").mkdir()
    with pytest.raises(ConfigurationError, match="is not a file"):
        read(tmp_path)
