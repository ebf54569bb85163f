from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.core.yamlentry import read


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.yaml"
    path.write_text(text)
    return path


def test_scalars_stay_as_written(tmp_path: Path) -> None:
    items = read(written(tmp_path, "a: 3.10\nb: '3.10'\nc: no\nd: [1e3, 0x1f]\n")).items()
    assert items["a"].text() == items["b"].text() == "3.10"
    assert items["c"].text() == "no"
    assert items["d"].texts() == ("1e3", "0x1f")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' twice"),
        ("a: 1\ncolour: 2\n", 2, "no key 'colour'"),
        ("b: 2\n", 1, "lacks the key 'a'"),
        ("- 1\n- 2\n", 1, "must be a mapping"),
        ("a: [1\nb: 2\n", 2, "not readable as YAML"),
        ("a: &x 1\nb: *y\n", 2, "not readable as YAML"),
    ],
)
def test_refusals_name_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        read(path).items(("a", "b", "color"), ("a",))
    assert caught.value.what.startswith(f"{path}:{line}: ")
    assert words in caught.value.what


def test_unknown_key_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'color'"):
        read(written(tmp_path, "colour: 2\n")).items(("a", "b", "color"))


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="is empty"):
        read(written(tmp_path, text))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        read(tmp_path / "none.yaml")


@pytest.mark.parametrize("content", [b"a: \xff\n", b"a: \x00\n"])
def test_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="not readable as YAML"):
        read(path)


@pytest.mark.parametrize("text", ["a: {b: 1}\n", "a: [1]\n"])
def test_a_single_value_is_wanted(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="'a' must be a single value"):
        read(written(tmp_path, text)).items()["a"].text()


def test_a_list_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'a' must be a list"):
        read(written(tmp_path, "a: 1\n")).items()["a"].texts()
