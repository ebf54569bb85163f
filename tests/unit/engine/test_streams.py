"""The output of containers, with limits and without control characters."""

import pytest

from raydock.engine.streams import Tail, last_line, printable, read


def test_lines_of_stderr_are_passed_on_and_both_streams_are_kept() -> None:
    lines: list[str] = []
    stream = [(b"out", b"one\ntw"), (None, b"o\n\x1b[31mred\x1b[0m\nrest"), (b"\xff", None)]
    assert read(stream, lines.append) == ("out\ufffd", "one\ntwo\n\x1b[31mred\x1b[0m\nrest")
    assert lines == ["one", "two", "red"]


def test_the_end_of_a_long_stream_is_kept() -> None:
    tail = Tail(kept=100)
    for number in range(10_000):
        tail.add(b"%08d\n" % number)
    assert 100 <= len(tail.text) < 120
    assert tail.text.endswith("00009999\n")


def test_only_the_end_of_a_long_line_is_passed_on() -> None:
    lines: list[str] = []
    read([(None, b"x" * 2**20), (None, b"y" * 400 + b"\nlast\n")], lines.append)
    assert [len(line) for line in lines] == [300, 4]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mbold\x1b[0m and \x1b]0;a title\x07plain", "bold and plain"),
        ("a\rb\x00c\x08\td", "a b c d"),
        ("[/red] [bold] :smile:", "[/red] [bold] :smile:"),
        ("\x1b", ""),
    ],
)
def test_terminal_codes_and_control_characters_are_left_out(text: str, clean: str) -> None:
    assert printable(text) == clean


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (("a\nb\n\n \x1b[0m\n", "c"), "b"),
        (("", "c\nd"), "d"),
        (("", " \n\t"), ""),
        ((), ""),
        (("x" * 10_000_000,), "x" * 300),
    ],
)
def test_the_last_line_that_is_not_empty_is_found(texts: tuple[str, ...], line: str) -> None:
    assert last_line(*texts) == line
