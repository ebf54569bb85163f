"""A recording of a terminal for the README: `python -m tools.recording` writes docs/images/quickstart.svg again.

The commands run for real, on a terminal of 80 columns; before them, the images and the engine's cached build steps are
removed. The picture is an animated SVG of what they printed. If they took longer than the picture lasts, all of it is
faster by one factor, which its title names.
"""

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import click
import pyte

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "quickstart.svg"
COMMANDS = ("./build.py plan", "./build.py images --group quickstart")
# The commands before the recording. The cache of downloads stays.
BEFORE = (
    "./build.py clean ray2.60.0-py311-cpu ray2.60.0-py313-cpu",
    "docker builder prune --all --force --filter type=regular",
)

COLUMNS, LINES = 80, 36
# Seconds: the whole picture, its last frame, the least time between two frames, and that of a typed command.
SECONDS, HOLD, FRAME, TYPING = 20.0, 4.0, 0.15, 0.8
# Pixels.
WIDTH, HEIGHT, MARGIN = 8.4, 18, 14
_BACKGROUND, _FOREGROUND = "#1e1e1e", "#d4d4d4"
_COLORS = {
    **{"red": "#f14c4c", "green": "#23d18b", "brown": "#e5e510", "blue": "#3b8eea"},
    **{"magenta": "#d670d6", "cyan": "#29b8db", "white": "#e5e5e5", "black": "#666666"},
}


@dataclass(frozen=True)
class Run:
    """Characters of one line that look alike.

    Attributes:
        column: the column of the first one.
        text: the characters.
        color: their colour, as SVG names it.
        bold: whether they are bold.
    """

    column: int
    text: str
    color: str
    bold: bool


Frame = tuple[tuple[Run, ...], ...]


def record(commands: Iterable[str], columns: int = COLUMNS, lines: int = LINES) -> list[tuple[float, Frame]]:
    """Run commands one after the other; return what the terminal showed, each with its time in seconds."""
    screen = pyte.Screen(columns, lines)
    stream = pyte.ByteStream(screen)
    frames: list[tuple[float, Frame]] = []
    began = time.monotonic()
    for command in commands:
        stream.feed(f"$ {command}\r\n".encode())
        frames.append((time.monotonic() - began, _frame(screen)))
        time.sleep(TYPING)
        for piece in _output(command, columns, lines):
            stream.feed(piece)
            now = time.monotonic() - began
            if now - frames[-1][0] >= FRAME:
                frames.append((now, _frame(screen)))
        frames.append((time.monotonic() - began, _frame(screen)))
    return [frame for number, frame in enumerate(frames) if not number or frame[1] != frames[number - 1][1]]


def _output(command: str, columns: int, lines: int) -> Iterator[bytes]:
    """Run a command on a terminal of its own; return what it writes, piece by piece."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(lines)}
    with subprocess.Popen(
        ["bash", "-c", command], cwd=ROOT, env=environment, stdin=follower, stdout=follower, stderr=follower
    ) as process:
        os.close(follower)
        while process.poll() is None or select.select([leader], [], [], 0)[0]:
            if select.select([leader], [], [], FRAME)[0]:
                try:
                    yield os.read(leader, 2**16)
                except OSError:  # the terminal has no writer any more
                    break
    os.close(leader)
    if process.returncode:
        raise click.ClickException(f"`{command}` ended with exit status {process.returncode}.")


def _frame(screen: pyte.Screen) -> Frame:
    lines = []
    for number in range(screen.lines):
        cells = [(column, screen.buffer[number][column]) for column in range(screen.columns)]
        alike = groupby(cells, key=lambda cell: (cell[1].fg, cell[1].bold))
        runs = [_run(list(group), color, bold=bold) for (color, bold), group in alike]
        lines.append(tuple(run for run in runs if run.text))
    return tuple(lines)


def _run(cells: Sequence[tuple[int, pyte.screens.Char]], color: str, *, bold: bool) -> Run:
    text = "".join(cell.data for _, cell in cells)
    start = len(text) - len(text.lstrip())
    shown = _FOREGROUND if color == "default" else _COLORS.get(color, f"#{color}")
    return Run(cells[0][0] + start, text.strip(), shown, bold)


def picture(frames: Sequence[tuple[float, Frame]], columns: int = COLUMNS, lines: int = LINES) -> str:
    """An animated SVG of frames, which ends with the last one and begins again."""
    shown = SECONDS - HOLD
    faster = max(1.0, frames[-1][0] / shown)
    whole = frames[-1][0] / faster + HOLD
    starts = [seconds / faster / whole for seconds, _ in frames]
    # A line that several frames have is written once.
    names: dict[tuple[Run, ...], str] = {}
    groups = []
    for number, (_, frame) in enumerate(frames):
        end = starts[number + 1] if number + 1 < len(frames) else 1.0
        uses = [
            f'<use href="#{names.setdefault(line, f"l{len(names)}")}" y="{MARGIN + row * HEIGHT}"/>'
            for row, line in enumerate(frame)
            if line
        ]
        groups.append(f'<g visibility="hidden">{_animation(starts[number], end, whole)}{"".join(uses)}</g>')
    width, height = columns * WIDTH + 2 * MARGIN, lines * HEIGHT + 2 * MARGIN
    speed = f", {faster:.1f} times faster" if faster > 1 else ""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" role="img"'
            ' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
            f"<title>{escape(' and '.join(COMMANDS))}{speed}</title>",
            f'<rect width="100%" height="100%" rx="6" fill="{_BACKGROUND}"/>',
            "<defs>",
            *(f'<g id="{name}">{"".join(map(_text, line))}</g>' for line, name in names.items()),
            "</defs>",
            *groups,
            "</svg>",
            "",
        ]
    )


def _animation(begin: float, end: float, whole: float) -> str:
    """Make an element visible from `begin` to `end`, parts of the `whole` seconds that begin again and again."""
    times = {"0": "hidden", f"{begin:.4f}": "visible"} if begin else {"0": "visible"}
    times |= {f"{end:.4f}": "hidden"} if end < 1 else {}
    return (
        f'<animate attributeName="visibility" values="{";".join(times.values())}" keyTimes="{";".join(times)}"'
        f' dur="{whole:.2f}s" calcMode="discrete" repeatCount="indefinite"/>'
    )


def _text(run: Run) -> str:
    weight = ' font-weight="bold"' if run.bold else ""
    x = MARGIN + run.column * WIDTH
    length = f'textLength="{len(run.text) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x:.1f}" y="{HEIGHT - 5}" {length} fill="{run.color}"{weight}>{escape(run.text)}</text>'


@click.command()
def main() -> None:
    """Record the quick start, and write the picture."""
    for command in BEFORE:
        subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(record(COMMANDS)), encoding="utf-8")
    click.echo(f"{PICTURE.relative_to(ROOT)} is written.")


if __name__ == "__main__":
    main()
