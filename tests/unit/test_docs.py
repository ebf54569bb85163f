"""The documentation: its links, files, commands and exit codes exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from raydock.__main__ import cli
from raydock.contract import catalogue
from raydock.core.errors import ExitCode
from tests.support.toy import ROOT
from tools import cli_reference

DOCS = ROOT / "docs"
PAGES = sorted(
    path for top in (ROOT, ROOT / "docs", ROOT / ".github") for path in top.glob("*.md" if top == ROOT else "**/*.md")
)
NAMED = re.compile(r"(?<![\w./-])docs/[\w/.-]+\.(?:md|json)")
# Files of this repository that a page names in its text.
MENTIONED = re.compile(r"(?<![\w./-])(?:raydock|tests|templates|tools|benchmarks|examples|scripts)/[\w/.-]*\w")
SOURCES = ("raydock", "templates", "tools", "benchmarks", "tests", "scripts", ".github")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, in the form of the hosting sites."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def broken(page: Path) -> Iterator[str]:
    """Return the broken relative links of a page."""
    for link in LINK.findall(prose(page)):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path) if path else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_and_their_anchors_exist(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_broken_link_or_anchor_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b`: c\n[1](#a-b-c) [2](#a) [3](page.md#a-b-c) [4](gone.md) [5](https://example.org/x)\n")
    assert list(broken(page)) == ["#a", "gone.md"]


def test_every_page_is_in_the_index() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(prose(DOCS / "README.md"))}
    assert {page for page in PAGES if DOCS in page.parents} - {DOCS / "README.md"} <= listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    text = "" if page.name == "CHANGELOG.md" else page.read_text(encoding="utf-8")
    plain = re.sub(r"https?://\S+|<[^>]+>", "", text)
    assert [name for name in MENTIONED.findall(plain) if not (ROOT / name).exists()] == []


def test_every_page_that_a_file_names_exists() -> None:
    files = [path for name in SOURCES for path in (ROOT / name).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file() and path.name != "CHANGELOG.md"]
    files += [page for page in PAGES if page.name != "CHANGELOG.md"]
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in files
        if "__pycache__" not in path.parts and path != Path(__file__)
        for name in NAMED.findall(path.read_text(encoding="utf-8", errors="ignore"))
    }
    assert {name for _, name in named} > {"docs/reference/json.md", "docs/how-to/ci.md"}
    assert sorted((file, name) for file, name in named if not (ROOT / name).exists()) == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900


def examples() -> list[str]:
    """Return the lines of all pages that run raydock, without prompts, comments and what follows a pipe."""
    blocks = [block for page in PAGES for block in FENCE.findall(page.read_text(encoding="utf-8"))]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [match[1] for line in lines if (match := re.match(r"^\$? ?(?:\w+=\S+ )*\./build\.py (.+)$", line))]
    return sorted({re.split(r" (?:[#|>]|&&|  +\()", line)[0] for line in found if not line.startswith("COMMAND")})


def parse(command: click.Command, arguments: list[str]) -> None:
    """Parse arguments as the command line does, without running a command.

    Raises click.UsageError if they are invalid.
    """
    context = click.Context(command)
    if isinstance(command, click.Group):
        _, below, rest = command.resolve_command(context, arguments)
        assert below is not None
        parse(below, rest)
    else:
        command.parse_args(context, arguments)


@pytest.mark.parametrize("line", examples())
def test_the_commands_of_examples_exist(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.Path, "convert", lambda _type, value, *_: value)  # an example's files need not exist
    arguments = shlex.split(line)
    if "--help" in arguments or arguments == ["--version"]:
        return
    parse(cli, arguments)


def test_exit_codes_are_documented() -> None:
    text = (DOCS / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)] == sorted(ExitCode)


def test_the_requirements_of_every_command_are_documented() -> None:
    text = (DOCS / "reference" / "requirements.md").read_text(encoding="utf-8")
    assert {name for name, _ in cli_reference.commands(cli)} <= set(re.findall(r"`([^`]+)`", text))


def test_every_clause_of_the_contract_is_documented() -> None:
    text = (DOCS / "reference" / "contract.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\d+-[\w-]+)` \|", text, re.MULTILINE) == list(catalogue.names().values())


def test_the_keys_of_matrix_yaml_are_documented() -> None:
    text = (DOCS / "reference" / "matrix.md").read_text(encoding="utf-8")
    keys = re.findall(r"^([a-z]+):", (ROOT / "matrix.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(keys) <= set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
