import pytest

from raydock.model import sealed

TEXT = sealed.compose({"variant": "ray2.60.0-py311-cpu", "no-cutoff": "default index"}, "ray==2.60.0\n\nclick==8.1\n")


def test_a_lock_is_split_as_it_was_composed() -> None:
    assert sealed.split(TEXT) == (
        {"variant": "ray2.60.0-py311-cpu", "no-cutoff": "default index"},
        "ray==2.60.0\n\nclick==8.1\n",
    )
    assert sealed.split(sealed.compose({"inputs": "sha256:1"}, "")) == ({"inputs": "sha256:1"}, "")


@pytest.mark.parametrize(
    "edited",
    [
        "",
        TEXT.replace("8.1", "8.2"),
        TEXT.replace("no-cutoff", "cutoff"),
        TEXT.replace("do not edit", "edit"),
        TEXT.replace("\n", "\r\n"),
        TEXT.partition("\n")[2],
        f"{TEXT}\n",
    ],
)
def test_a_lock_that_was_edited_has_no_header(edited: str) -> None:
    assert sealed.split(edited) is None


def test_lines_that_are_not_of_the_header_are_ignored() -> None:
    header = "# a comment\n# key: value: more\nray==2.60.0\n    # via click\n"
    assert sealed.read_header(header) == {"key": "value: more"}
