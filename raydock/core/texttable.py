"""Tables as lines of text, in which no word is folded.

No line ends with spaces. A `width` is the most characters of a line, None if a line may have any number.
"""

import textwrap
from collections.abc import Mapping, Sequence

_GAP = "  "
# A detail is not made narrower than this, in characters.
_NARROWEST = 20


def padded(cells: Sequence[str]) -> list[str]:
    """Cells of one width."""
    width = max(map(len, cells))
    return [cell.ljust(width) for cell in cells]


def align(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The lines of a table, whose rows have the same keys; without headings."""
    columns = [padded([row[heading] for row in rows]) for heading in rows[0]]
    return [_GAP.join(cells).rstrip() for cells in zip(*columns, strict=True)]


def fit(rows: Sequence[Mapping[str, str]], dropped: Sequence[str], width: int | None) -> list[str]:
    """A line of headings and a line for each row, as `align` makes them.

    dropped: the columns that are dropped, in this order, until all lines fit.
    """
    lines = align([{heading: heading for heading in rows[0]}, *rows])
    if not width or not dropped or max(map(len, lines)) <= width:
        return lines
    heading, *rest = dropped
    return fit([{name: cell for name, cell in row.items() if name != heading} for row in rows], rest, width)


def with_details(rows: Sequence[Sequence[str]], width: int | None) -> list[list[str]]:
    """The lines of each row. The last cell of a row is text, whose further lines are below its first one."""
    columns = [padded(cells) for cells in zip(*(row[:-1] for row in rows), strict=True)]
    starts = [_GAP.join(cells) + _GAP for cells in zip(*columns, strict=True)]
    return [_hang(start, row[-1], width) for start, row in zip(starts, rows, strict=True)]


def _hang(start: str, text: str, width: int | None) -> list[str]:
    room = max(width - len(start), _NARROWEST) if width else None
    lines = [part for line in text.splitlines() or [""] for part in _wrapped(line, room) or [""]]
    return [(start if not number else " " * len(start)) + line for number, line in enumerate(lines)]


def wrap(text: str, width: int | None) -> list[str]:
    """A text in lines that break only between words; no line if it is empty."""
    return _wrapped(text, width, indent=" " * (len(text) - len(text.lstrip()) + 2))


def _wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    if not width:
        return [text] if text else []
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
