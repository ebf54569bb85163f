"""What the refreshers of the dated tables share: how a source is read, a table compared and written.

A refresher is a module `tools/refresh_NAME.py`, started in the checkout as `.venv/bin/python -m tools.refresh_NAME`.
It reads the source of one table and proposes the table's new text. What no program can decide it names instead, and
the table keeps its old date until a person has decided. cibuildwheel's `bin/update_*.py` are the model.
"""

import difflib
import functools
import gzip
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from zipfile import ZipFile

import click
import requests
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pypi_simple import DistributionPackage
from remotezip import RemoteZip

from raydock.core.cabundle import ca_bundle
from raydock.core.errors import ConfigurationError, OutOfReachError, RaydockError
from raydock.core.files import write_whole
from raydock.index.client import Index, from_environment
from raydock.model import lock as locks
from raydock.model.lock import Pin

ROOT = Path(__file__).parents[1]

_DAY = r"\d{4}-\d\d-\d\d"
_GZIP = b"\x1f\x8b"
_LINUX = re.compile(r"-(any|[^-]*linux[^-]*_x86_64)\.whl$")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file that holds data of a source, and the day on which the source was read.

    Attributes:
        path: the file, relative to the checkout.
        marks: the texts before that day.
        hashed: whether the file is copied into images, so that a new date changes every fingerprint.
    """

    path: str
    marks: tuple[str, ...] = ("\ndate: ",)
    hashed: bool = False

    @property
    def file(self) -> Path:
        """The file in this checkout."""
        return ROOT / self.path

    def read(self) -> str:
        """The text of the file."""
        return self.file.read_text(encoding="utf-8")

    def dated(self, text: str, day: date) -> str:
        """The text with another day after each of the marks."""
        for mark in self.marks:
            text = re.sub(f"({re.escape(mark)}){_DAY}", rf"\g<1>{day}", text)
        return text


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a source says about a table.

    Attributes:
        text: the text that the table must have.
        open: what a person must decide, a sentence each.
    """

    text: str
    open: tuple[str, ...] = ()


def refresher(table: Table) -> Callable[[Callable[..., Proposal]], click.Command]:
    """Makes a command of a function that returns the proposal for a table; its docstring is the command's help."""

    def decorate(propose: Callable[..., Proposal]) -> click.Command:
        @click.option("--check", is_flag=True, help="Show what moved and write nothing; exit 1 if something did.")
        @functools.wraps(propose)
        def run(*, check: bool, **arguments: str) -> None:
            try:
                sys.exit(conclude(table, propose(**arguments), check=check))
            except RaydockError as error:
                click.echo(str(error), err=True)
                sys.exit(error.exit_code)

        return click.command(context_settings={"max_content_width": 110})(run)

    return decorate


def conclude(table: Table, proposal: Proposal, *, check: bool) -> int:
    """Shows what moved, and writes the table unless `check`.

    Returns 1 if a person must decide something, or if `check` and something moved; otherwise 0.
    """
    moved = difference(table, proposal.text)
    click.echo(moved, nl=False)
    for sentence in proposal.open:
        click.echo(f"To decide: {sentence}")
    if not moved and not proposal.open:
        click.echo(f"{table.path} agrees with its source.")
    if check:
        return int(bool(moved or proposal.open))
    text = proposal.text if proposal.open else table.dated(proposal.text, today())
    if moved or (text != proposal.text and not table.hashed):
        write_whole(table.file, text)
        click.echo(f"{table.path} is written.")
    if proposal.open:
        click.echo(f"Next: edit {table.path}, then run this again: it keeps its date until nothing is left to decide.")
    return int(bool(proposal.open))


def difference(table: Table, text: str) -> str:
    """The unified difference between a table and its new text; empty if there is none."""
    lines = (table.read().splitlines(keepends=True), text.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, fromfile=table.path, tofile=table.path, n=1))


def today() -> date:
    """This day, UTC."""
    return datetime.now(UTC).date()


def age(day: date) -> str:
    """How long ago a day is, such as `214 days`."""
    return f"{(today() - day).days} days"


# Tables as text, so that comments stay.


def with_block(text: str, key: str, lines: Iterable[str]) -> str:
    """A YAML text in which the indented lines below a top-level key are replaced. Raises ConfigurationError."""
    body = "".join(f"  {line}\n" for line in lines)
    return _substitute(rf"(?m)^({re.escape(key)}:\n)(?: +.*\n)*", rf"\g<1>{_plain(body)}", text, key)


def with_list(text: str, key: str, values: Iterable[object]) -> str:
    """A YAML text in which the list of a key, `key: [a, b]`, is replaced. Raises ConfigurationError."""
    return _substitute(
        rf"(?m)^({re.escape(key)}: )\[[^\]]*\]$", rf"\g<1>[{_plain(', '.join(map(str, values)))}]", text, key
    )


def _substitute(pattern: str, replacement: str, text: str, key: str) -> str:
    found, count = re.subn(pattern, replacement, text)
    if count != 1:
        raise ConfigurationError(
            f"the table has `{key}:` {count} times in the form that its refresher writes, not once."
        )
    return found


def _plain(text: str) -> str:
    return text.replace("\\", r"\\")


# Sources that are documents.


def document(place: str) -> str:
    """The text of a file or of an http or https address, also compressed by gzip.

    Raises ConfigurationError if the file does not exist, OutOfReachError if the address does not answer with it.
    """
    data = _download(place) if re.match(r"https?://", place) else _file(Path(place))
    return (gzip.decompress(data) if data.startswith(_GZIP) else data).decode("utf-8", errors="replace")


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", todo="name a file or address.") from None


def _download(address: str) -> bytes:
    bundle = ca_bundle()
    try:
        answer = requests.get(address, timeout=60, verify=str(bundle) if bundle else True)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise OutOfReachError(
            f"{address} cannot be read: {type(error).__name__}.", todo="save the page in a browser and name the file."
        ) from None
    return answer.content


class _Cells(HTMLParser):
    """Collects the texts of the cells of all tables, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")
        self._inside = self._inside or tag in {"td", "th"}

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in {"td", "th", "tr", "table"}

    def handle_data(self, data: str) -> None:
        if self._inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def rows(page: str) -> list[tuple[str, ...]]:
    """The rows of all tables of an HTML page: the texts of their cells, with single spaces."""
    parser = _Cells()
    parser.feed(page)
    return [tuple(" ".join(cell.split()) for cell in row) for row in parser.rows]


# Sources in the package index.


def package_index() -> Index:
    """The index that this user's environment names."""
    return from_environment(os.environ, lambda name, step, **_: click.echo(f"{name}: {step}", err=True))


def final_releases(index: Index, project: str) -> dict[Version, tuple[DistributionPackage, ...]]:
    """The files of each final release of a project that is not yanked, oldest first."""
    releases: dict[Version, list[DistributionPackage]] = {}
    for file in index.page(project).files:
        try:
            version = Version(file.version or "")
        except InvalidVersion:
            continue
        if not version.is_prerelease and not file.is_yanked:
            releases.setdefault(version, []).append(file)
    return {version: tuple(releases[version]) for version in sorted(releases)}


def linux_wheel(files: Iterable[DistributionPackage]) -> DistributionPackage | None:
    """A wheel for Linux on x86-64, the smallest; None if there is none."""
    wheels = (file for file in files if file.package_type == "wheel" and _LINUX.search(file.filename))
    return min(wheels, key=lambda file: file.size or 0, default=None)


@contextmanager
def opened(index: Index, wheel: DistributionPackage) -> Iterator[ZipFile]:
    """A wheel of the index, of which only the parts that are read are downloaded. Raises OutOfReachError."""
    with index.client() as client, RemoteZip(wheel.url, session=client.s, timeout=index.timeout) as archive:
        yield archive


def locked() -> dict[str, list[Pin]]:
    """The packages of all locks by name, each version once."""
    pins: dict[str, dict[str, Pin]] = {}
    for path in sorted((ROOT / "lockfiles").glob("*.txt")):
        for pin in locks.load(path).pins.values():
            pins.setdefault(canonicalize_name(pin.name), {}).setdefault(pin.version, pin)
    return {name: list(versions.values()) for name, versions in sorted(pins.items())}
