from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.core.models import Entry
from raydock.core.yamlfile import load, read


class Colors(Entry, frozen=True, kw_only=True):
    a: str
    b: str = ""
    color: str = ""


class Lists(Entry, frozen=True, kw_only=True):
    a: tuple[str, ...]
    more: tuple[Colors, ...] = ()


class Placed(Entry, frozen=True, kw_only=True):
    a: str
    place: str = ""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.yaml"
    path.write_text(text)
    return path


def test_scalars_stay_as_written(tmp_path: Path) -> None:
    colors = load(written(tmp_path, "a: 3.10\nb: '3.10'\ncolor: no\n"), Colors)
    assert colors.a == colors.b == "3.10"
    assert colors.color == "no"
    assert load(written(tmp_path, "a: [1e3, 0x1f]\n"), Lists).a == ("1e3", "0x1f")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' twice"),
        ("a: 1\ncolour: 2\n", 2, "no key 'colour'"),
        ("b: 2\n", 1, "lacks the key 'a'"),
        ("- 1\n- 2\n", 1, "must be a mapping"),
        ("a: [1\nb: 2\n", 2, "not readable as YAML"),
        ("a: &x 1\nb: *y\n", 2, "not readable as YAML"),
        ("a: 1\n? [b]\n: 2\n", 2, "a key of the file must be a single value"),
    ],
)
def test_refusals_name_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, Colors)
    assert caught.value.what.startswith(f"{path}:{line}: ")
    assert message in caught.value.what


def test_unknown_key_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'color'"):
        load(written(tmp_path, "colour: 2\n"), Colors)


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
def test_a_value_that_is_not_single_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="'a' must be a single value"):
        load(written(tmp_path, text), Colors)


def test_a_value_that_is_not_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'a' must be a list"):
        load(written(tmp_path, "a: 1\n"), Lists)


def test_a_list_of_raydocks_own_files_has_no_value_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "more:\n- a: 1\na:\n- x\n- y\n- x\n")
    with pytest.raises(ConfigurationError, match=r"some\.yaml:6: 'a' has 'x' twice\.\nNext: remove one of them\."):
        load(path, Lists)
    assert read(path).convert(Lists).a == ("x", "y", "x")


def test_an_alias_inside_its_own_anchor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"some\.yaml: .*inside its own anchor"):
        load(written(tmp_path, "a: &x [*x]\n"), Lists)


def test_entries_get_their_place_and_may_not_state_it(tmp_path: Path) -> None:
    path = written(tmp_path, "more:\n- a: x\n- a: y\n")
    file = read(path)
    located = file.placed([Placed(a="x"), Placed(a="y")], "more")
    assert [entry.place for entry in located] == [f"{path}:2", f"{path}:3"]
    written(tmp_path, "more:\n- a: x\n  place: here\n")
    with pytest.raises(ConfigurationError, match=r"some\.yaml:3: 'more' has no key 'place'"):
        read(path).placed([Placed(a="x", place="here")], "more")


def test_places(tmp_path: Path) -> None:
    path = written(tmp_path, "a: [x]\nmore:\n- a: 1\n- a: 2\n")
    file = read(path)
    assert file.place("more", 1, "a") == f"{path}:4"
    assert file.place("less") == str(path)
