"""Shared code of the refreshers of dated tables: read a source, compare a table and write it.

A refresher is a module `tools/refresh_NAME.py`, run in the checkout as `.venv/bin/python -m tools.refresh_NAME`. It
reads the source of one table and proposes the table's new text. It lists what a person must decide, and the table keeps
its old date until that is done. The model is cibuildwheel's `bin/update_*.py`.
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
    """A file with data from a source, and the day on which the source was read.

    Attributes:
        path: the file, relative to the checkout.
        marks: the texts that precede that day in the file.
        hashed: whether the file is copied into images, so that a new date changes every fingerprint.
    """

    path: str
    marks: tuple[str, ...] = ("\ndate: ",)
    hashed: bool = False

    @property
    def file(self) -> Path:
        """Path of the file in this checkout."""
        return ROOT / self.path

    def read(self) -> str:
        """Return the text of the file."""
        return self.file.read_text(encoding="utf-8")

    def dated(self, text: str, day: date) -> str:
        """Return the text with a new day after each of the marks."""
        for mark in self.marks:
            text = re.sub(f"({re.escape(mark)}){_DAY}", rf"\g<1>{day}", text)
        return text


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The text that a table gets from its source.

    Attributes:
        text: the new text of the table.
        open: what a person must decide, one sentence each.
    """

    text: str
    open: tuple[str, ...] = ()


def refresher(table: Table) -> Callable[[Callable[..., Proposal]], click.Command]:
    """Make a command from a function that returns a table's proposal; its docstring is the help text."""

    def decorate(propose: Callable[..., Proposal]) -> click.Command:
        @click.option("--check", is_flag=True, help="Show what changed and write nothing; exit 1 if something changed.")
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
    """Show what changed, and write the table unless `check` is set.

    Returns 1 if a person must decide something, or if `check` is set and something changed; otherwise 0.
    """
    changes = difference(table, proposal.text)
    click.echo(changes, nl=False)
    for sentence in proposal.open:
        click.echo(f"To decide: {sentence}")
    if not changes and not proposal.open:
        click.echo(f"{table.path} agrees with its source.")
    if check:
        return int(bool(changes or proposal.open))
    text = proposal.text if proposal.open else table.dated(proposal.text, today())
    if changes or (text != proposal.text and not table.hashed):
        write_whole(table.file, text)
        click.echo(f"{table.path} is written.")
    if proposal.open:
        click.echo(f"Next: edit {table.path}, then run this again. The table keeps its date until all is decided.")
    return int(bool(proposal.open))


def difference(table: Table, text: str) -> str:
    """Return the unified diff between a table and its new text; empty if they are equal."""
    lines = (table.read().splitlines(keepends=True), text.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, fromfile=table.path, tofile=table.path, n=1))


def today() -> date:
    """Return the current day in UTC."""
    return datetime.now(UTC).date()


def age(day: date) -> str:
    """Return how long ago a day is, such as `214 days`."""
    return f"{(today() - day).days} days"


# Tables are edited as text, so that their comments are kept.


def with_block(text: str, key: str, lines: Iterable[str]) -> str:
    """Replace the indented lines below a top-level key of a YAML text.

    Raises ConfigurationError if the text does not have the key exactly once.
    """
    body = "".join(f"  {line}\n" for line in lines)
    return _substitute(rf"(?m)^({re.escape(key)}:\n)(?: +.*\n)*", rf"\g<1>{_plain(body)}", text, key)


def with_list(text: str, key: str, values: Iterable[object]) -> str:
    """Replace the list of a key, `key: [a, b]`, in a YAML text.

    Raises ConfigurationError if the text does not have the key exactly once.
    """
    return _substitute(
        rf"(?m)^({re.escape(key)}: )\[[^\]]*\]$", rf"\g<1>[{_plain(', '.join(map(str, values)))}]", text, key
    )


def _substitute(pattern: str, replacement: str, text: str, key: str) -> str:
    result, count = re.subn(pattern, replacement, text)
    if count != 1:
        raise ConfigurationError(
            f"the table has `{key}:` {count} times in the form that its refresher writes, instead of once."
        )
    return result


def _plain(text: str) -> str:
    return text.replace("\\", r"\\")


# Documents as sources.


def document(location: str) -> str:
    """Return the text of a file or of an http or https address, which may be compressed by gzip.

    Raises ConfigurationError if the file cannot be read, OutOfReachError if the address does not return a document.
    """
    data = _download(location) if re.match(r"https?://", location) else _file(Path(location))
    return (gzip.decompress(data) if data.startswith(_GZIP) else data).decode("utf-8", errors="replace")


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", todo="pass the path of a file, or an address."
        ) from None


def _download(address: str) -> bytes:
    bundle = ca_bundle()
    try:
        response = requests.get(address, timeout=60, verify=str(bundle) if bundle else True)
        response.raise_for_status()
    except requests.RequestException as error:
        raise OutOfReachError(
            f"{address} cannot be read: {type(error).__name__}.",
            todo="save the page in a browser and pass the path of the file.",
        ) from None
    return response.content


class _Cells(HTMLParser):
    """Parser that collects the texts of the cells of all tables, row by row."""

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
    """Return the rows of all tables of an HTML page: the texts of their cells, with single spaces."""
    parser = _Cells()
    parser.feed(page)
    return [tuple(" ".join(cell.split()) for cell in row) for row in parser.rows]


# The package index as source.


def package_index() -> Index:
    """Return the package index that is configured in the environment."""
    return from_environment(os.environ, lambda name, step, **_: click.echo(f"{name}: {step}", err=True))


def final_releases(index: Index, project: str) -> dict[Version, tuple[DistributionPackage, ...]]:
    """Return the files of each final release of a project that is not yanked, oldest first."""
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
    """Return the smallest wheel for Linux on x86-64, or None."""
    wheels = (file for file in files if file.package_type == "wheel" and _LINUX.search(file.filename))
    return min(wheels, key=lambda file: file.size or 0, default=None)


@contextmanager
def opened(index: Index, wheel: DistributionPackage) -> Iterator[ZipFile]:
    """Open a wheel of the index; only the parts that are read are downloaded.

    Raises OutOfReachError if the index does not answer.
    """
    with index.client() as client, RemoteZip(wheel.url, session=client.s, timeout=index.timeout) as archive:
        yield archive


def locked() -> dict[str, list[Pin]]:
    """Return the packages of all locks by name, each version once."""
    pins: dict[str, dict[str, Pin]] = {}
    for path in sorted((ROOT / "lockfiles").glob("*.txt")):
        for pin in locks.load(path).pins.values():
            pins.setdefault(canonicalize_name(pin.name), {}).setdefault(pin.version, pin)
    return {name: list(versions.values()) for name, versions in sorted(pins.items())}
