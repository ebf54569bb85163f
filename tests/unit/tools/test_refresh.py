"""Shared code of the refreshers: comparing and writing a table, and reading sources."""

import gzip
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.version import Version

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.index.client import from_environment as index_of
from tests.support.index import Site, serving
from tools import refresh
from tools.refresh import Proposal, Table

TODAY = date(2026, 12, 24)
BEFORE = "# A comment.\nsource: a page\ndate: 2026-11-25\n\nrows:\n  a: 1\n\n# Another comment.\nlist: [1, 2]\n"
AFTER = BEFORE.replace("a: 1", "a: 2")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setattr(refresh, "ROOT", tmp_path)
    monkeypatch.setattr(refresh, "today", lambda: TODAY)
    (tmp_path / "table.yaml").write_text(BEFORE)
    return Table(path="table.yaml")


def run(table: Table, proposal: Proposal, *arguments: str) -> tuple[int, str]:
    """Return the exit code and output of a refresher that makes a proposal."""

    def main() -> Proposal:
        return proposal

    result = CliRunner().invoke(refresh.refresher(table)(main), arguments)
    return result.exit_code, result.output


def test_a_changed_table_is_shown_and_written_with_a_new_date(table: Table) -> None:
    code, output = run(table, Proposal(text=AFTER))
    assert code == 0
    assert "-  a: 1\n+  a: 2\n" in output
    assert table.read() == AFTER.replace("2026-11-25", "2026-12-24")


def test_check_writes_nothing(table: Table) -> None:
    code, output = run(table, Proposal(text=AFTER), "--check")
    assert (code, table.read()) == (1, BEFORE)
    assert "+  a: 2\n" in output


def test_a_table_that_agrees_gets_a_new_date(table: Table) -> None:
    assert run(table, Proposal(text=BEFORE), "--check") == (0, "table.yaml agrees with its source.\n")
    assert table.read() == BEFORE
    assert run(table, Proposal(text=BEFORE))[0] == 0
    assert table.read() == BEFORE.replace("2026-11-25", "2026-12-24")


def test_a_table_keeps_its_date_until_a_person_has_decided(table: Table) -> None:
    code, output = run(table, Proposal(text=AFTER, open=("is b gone?",)))
    assert (code, table.read()) == (1, AFTER)
    assert "To decide: is b gone?\n" in output
    assert "Next: edit table.yaml" in output
    assert run(table, Proposal(text=AFTER, open=("is b gone?",)), "--check")[0] == 1


def test_an_unchanged_table_in_images_keeps_its_date(table: Table) -> None:
    copied = Table(path=table.path, hashed=True)
    assert run(copied, Proposal(text=BEFORE))[0] == 0
    assert copied.read() == BEFORE
    run(copied, Proposal(text=AFTER))
    assert copied.read() == AFTER.replace("2026-11-25", "2026-12-24")


def test_an_error_of_a_source_has_its_exit_code_and_no_traceback(table: Table) -> None:
    def main() -> Proposal:
        raise OutOfReachError("the index is away.", todo="wait.")

    result = CliRunner().invoke(refresh.refresher(table)(main), [])
    assert (result.exit_code, result.output) == (4, "the index is away.\nNext: wait.\n")


def test_blocks_and_lists_are_replaced_among_comments() -> None:
    text = refresh.with_block(BEFORE, "rows", ["b: \\1", "c: 3"])
    assert text == BEFORE.replace("  a: 1\n", "  b: \\1\n  c: 3\n")
    assert refresh.with_list(BEFORE, "list", [3]) == BEFORE.replace("[1, 2]", "[3]")


def test_a_table_in_a_different_form_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="`list:` 0 times"):
        refresh.with_list("list:\n  - 1\n", "list", [2])


def test_every_mark_is_dated() -> None:
    table = Table(path="x", marks=("\n  date: ", "read "))
    text = "# read 2026-01-01\n  date: 2026-01-01\n  date: 2026-02-02\n  since: 2026-03-03\n"
    assert table.dated(text, TODAY) == re.sub("2026-0[12]-0[12]", "2026-12-24", text)


def test_a_document_can_be_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("words")
    (tmp_path / "b").write_bytes(gzip.compress(b"words"))
    assert [refresh.document(str(tmp_path / name)) for name in "ab"] == ["words", "words"]
    with pytest.raises(ConfigurationError, match="nothing cannot be read: No such file"):
        refresh.document(str(tmp_path / "nothing"))


def test_a_document_can_be_an_address() -> None:
    with serving(Site(files={"page.html": b"words"})) as address:
        root = address.removesuffix("simple/")
        assert refresh.document(f"{root}files/page.html") == "words"
        with pytest.raises(OutOfReachError, match="cannot be read"):
            refresh.document(f"{root}files/none.html")


def test_rows_of_all_tables_are_read_without_markup() -> None:
    page = """<p>text</p><table><thead><tr><th class="head"><p>A</p></th><th>B</th></tr></thead>
      <tr><td><p>x <em>y</em>
      z</p></td>text<td></td></tr></table><table><tr><td>&gt;= 1</td></tr></table>"""
    assert refresh.rows(page) == [("A", "B"), ("x y z", ""), (">= 1",)]


def test_final_releases_and_their_wheels_for_linux() -> None:
    site = Site()
    for name in (
        "a-1.0-py3-none-macosx_10_9_x86_64.whl",
        "a-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
        "a-1.0.tar.gz",
    ):
        site.add("a", name, name.encode())
    for version in ("2.0rc1", "0.9", "1.1"):
        site.publish("a", version)
    site.pages["a"][-1]["yanked"] = True
    with serving(site) as address:
        releases = refresh.final_releases(index_of({"UV_DEFAULT_INDEX": address}), "a")
        assert list(releases) == [Version("0.9"), Version("1.0")]
        wheel = refresh.linux_wheel(releases[Version("1.0")])
    assert wheel is not None
    assert wheel.filename == "a-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    assert refresh.linux_wheel([]) is None


def test_a_wheel_is_read_in_parts() -> None:
    site = Site()
    site.publish("a", "1.0", files={"a/large.bin": bytes(range(256)) * 4000, "a/small.txt": b"words"})
    with serving(site) as address:
        index = index_of({"UV_DEFAULT_INDEX": address})
        wheel = refresh.linux_wheel(refresh.final_releases(index, "a")[Version("1.0")])
        assert wheel is not None
        with refresh.opened(index, wheel) as archive:
            assert archive.read("a/small.txt") == b"words"


def test_the_packages_of_all_locks_are_merged() -> None:
    pins = refresh.locked()
    assert {pin.version for pin in pins["ray"]} == {"2.49.1", "2.60.0"}
    assert list(pins) == sorted(pins)
