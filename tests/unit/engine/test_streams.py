"""What a container printed, read with bounds and made fit for a report."""

import pytest

from raydock.engine.streams import Tail, last_line, printable, read


def test_lines_of_stderr_are_told_as_they_come_and_both_streams_are_kept() -> None:
    lines: list[str] = []
    stream = [(b"out", b"one\ntw"), (None, b"o\n\x1b[31mred\x1b[0m\nrest"), (b"\xff", None)]
    assert read(stream, lines.append) == ("out\ufffd", "one\ntwo\n\x1b[31mred\x1b[0m\nrest")
    assert lines == ["one", "two", "red"]


def test_of_a_stream_without_end_the_end_is_kept() -> None:
    tail = Tail(kept=100)
    for number in range(10_000):
        tail.add(b"%08d\n" % number)
    assert 100 <= len(tail.text) < 120
    assert tail.text.endswith("00009999\n")


def test_a_line_without_end_is_told_with_its_end_only() -> None:
    lines: list[str] = []
    read([(None, b"x" * 2**20), (None, b"y" * 400 + b"\nlast\n")], lines.append)
    assert [len(line) for line in lines] == [300, 4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mbold\x1b[0m and \x1b]0;a title\x07plain", "bold and plain"),
        ("a\rb\x00c\x08\td", "a b c d"),
        ("[/red] [bold] :smile:", "[/red] [bold] :smile:"),
        ("\x1b", ""),
    ],
)
def test_terminal_codes_and_control_characters_are_left_out(text: str, words: str) -> None:
    assert printable(text) == words


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
def test_the_last_line_that_can_be_read(texts: tuple[str, ...], line: str) -> None:
    assert last_line(*texts) == line
