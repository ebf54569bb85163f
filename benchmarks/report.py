"""The figures of docs/reference/measurements.md, written from the results of the benches."""

import re
from pathlib import Path

from benchmarks.bench import ROOT
from benchmarks.figure import HEADINGS, Result, load
from raydock.core.errors import ConfigurationError
from raydock.core.files import write_whole

DOCUMENT = ROOT / "docs" / "reference" / "measurements.md"
_BEGIN, _END = "<!-- figures: written by `python -m benchmarks report` -->", "<!-- end of figures -->"


def write(results: Path) -> Path:
    """Write the results of a folder between the markers of the document and return its path.

    Raises ConfigurationError if the folder has no results or the document does not have the markers.
    """
    loaded = [load(path) for path in sorted(results.glob("*.json"))]
    if not loaded:
        raise ConfigurationError(f"{results} has no results.", todo="run `make bench` first.")
    text = DOCUMENT.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", re.DOTALL)
    if not pattern.search(text):
        raise ConfigurationError(f"{DOCUMENT} does not have the markers of its figures.", todo="restore it from git.")
    write_whole(DOCUMENT, pattern.sub(lambda _: f"{_BEGIN}\n\n{_figures(loaded)}\n\n{_END}", text))
    return DOCUMENT


def _figures(results: list[Result]) -> str:
    rows = [row(result.bench, figure.what, *figure.cells) for result in results for figure in result.figures]
    head = [row("bench", *HEADINGS), "|" + "---|" * (len(HEADINGS) + 1)]
    return "\n\n".join(["\n".join([*head, *rows]), *_machines(results)])


def _machines(results: list[Result]) -> list[str]:
    """Return a line for each machine, with the benches that ran on it and when."""
    machines: dict[str, list[str]] = {}
    for result in results:
        description = ", ".join(f"{key} {value}" for key, value in result.machine.items())
        machines.setdefault(description, []).append(f"{result.bench} ({result.when}, {result.seconds:.0f} s)")
    return [f"Machine: {machine}. Benches: {', '.join(benches)}." for machine, benches in machines.items()]


def row(*cells: str) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
