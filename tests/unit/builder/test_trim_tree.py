"""The files that templates/installer/trim-tree.py removes, changes and keeps."""

import base64
import csv
import ctypes
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

INSTALLER = Path(__file__).parents[3] / "templates" / "installer"
Trim = Callable[..., Path]


def without_debug(data: bytes) -> bytes | None:
    """Calls the function of that name in the installer."""
    spec = spec_from_file_location("without_debug", INSTALLER / "without_debug.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    result: bytes | None = module.without_debug(data)
    return result


def compiled(folder: Path, *options: str) -> Path:
    """A shared library with one function, `answer`."""
    source, library = folder / "answer.c", folder / "answer.so"
    source.write_text("static int hidden(int x) { return x + 2; }\nint answer(int x) { return hidden(x) * 7; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", *options, "-o", str(library), str(source)], check=True)
    return library


def row(path: str, data: bytes) -> list[str]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return [path, f"sha256={digest}", str(len(data))]


@pytest.fixture
def trim(tmp_path: Path) -> Trim:
    """Trims a package of these files, each a hard link as uv makes them, and returns its site-packages folder."""

    def trimmed(files: dict[str, bytes], *patterns: str) -> Path:
        cache, site = tmp_path / "cache", tmp_path / "site"
        record = site / "package-1.dist-info" / "RECORD"
        record.parent.mkdir(parents=True)
        for number, (path, data) in enumerate(files.items()):
            cached, target = cache / str(number), site / path
            for file in (cached, target):
                file.parent.mkdir(parents=True, exist_ok=True)
            cached.write_bytes(data)
            os.link(cached, target)
        rows = [*(row(path, data) for path, data in files.items()), ["package-1.dist-info/RECORD", "", ""]]
        with record.open("w", newline="") as written:
            csv.writer(written).writerows(rows)
        (tmp_path / "patterns").write_text("# why\n\n" + "\n".join(patterns))
        command = [sys.executable, "-I", str(INSTALLER / "trim-tree.py"), str(site), str(tmp_path / "patterns")]
        subprocess.run(command, check=True)
        for number, data in enumerate(files.values()):
            assert (cache / str(number)).read_bytes() == data, "uv's cache was written to"
        return site

    return trimmed


def recorded(site: Path) -> dict[str, list[str]]:
    """The rows of the package's RECORD, by path; asserts that each file matches its row."""
    with (site / "package-1.dist-info" / "RECORD").open(newline="") as file:
        rows = {fields[0]: fields for fields in csv.reader(file)}
    for path, fields in rows.items():
        if fields[1]:
            assert fields == row(path, (site / path).read_bytes())
    return rows


@pytest.mark.parametrize("options", [("-g",), ("-g", "-gz=zlib"), ("-g", "-Wl,-z,noseparate-code")])
def test_a_library_without_its_debug_information_works(tmp_path: Path, options: tuple[str, ...]) -> None:
    library = compiled(tmp_path, *options)
    data = library.read_bytes()
    stripped = without_debug(data)
    assert stripped
    assert len(stripped) < len(data)
    stripped_library = tmp_path / "stripped.so"
    stripped_library.write_bytes(stripped)
    assert ctypes.CDLL(str(stripped_library)).answer(1) == 21
    assert b"hidden\0" in stripped, "the symbol table is gone"
    assert without_debug(stripped) is None


def test_other_files_are_unchanged(tmp_path: Path) -> None:
    data = compiled(tmp_path, "-g").read_bytes()
    assert without_debug(compiled(tmp_path).read_bytes()) is None
    for other in (b"", b"#!/bin/sh\n", data[:40], data[:200], b"\x7fELF\x01\x01" + data[6:]):
        assert without_debug(other) is None


def test_unused_files_are_removed_from_disk_and_record(trim: Trim) -> None:
    files = {"a/__init__.py": b"", "a/tests/deep/x.py": b"1", "a/b.map": b"2", "a/latest.py": b"3"}
    site = trim(files, "a/*tests/*", "*.map")
    assert recorded(site).keys() == {"a/__init__.py", "a/latest.py", "package-1.dist-info/RECORD"}
    assert not (site / "a" / "tests").exists()
    assert not (site / "a" / "b.map").exists()


def test_a_pattern_with_a_condition_needs_that_file(trim: Trim) -> None:
    site = trim({"a/cu12/x.so": b"1", "a/cu13/x.so": b"2"}, "a/cu12/* if a/cu13/*.so", "a/cu13/* if a/cu14/*.so")
    assert recorded(site).keys() == {"a/cu13/x.so", "package-1.dist-info/RECORD"}


def test_debug_information_is_removed_and_the_hash_updated(trim: Trim, tmp_path: Path) -> None:
    library = compiled(tmp_path, "-g").read_bytes()
    site = trim({"a/answer.so": library})
    assert int(recorded(site)["a/answer.so"][2]) < len(library)
    assert ctypes.CDLL(str(site / "a" / "answer.so")).answer(1) == 21


def test_equal_large_files_of_a_folder_become_links(trim: Trim) -> None:
    large = bytes(200_000)
    files = {"a/libx.so": large, "a/libx.so.1": large, "b/libx.so": large, "a/one": b"small", "a/two": b"small"}
    site = trim(files)
    assert (site / "a" / "libx.so.1").readlink() == Path("libx.so")
    assert [path.name for path in site.rglob("*") if path.is_symlink()] == ["libx.so.1"]
    assert len(recorded(site)) == 6


@pytest.mark.parametrize(
    ("listing", "kept"),
    [
        ('BUNDLE_SUPPORT = {"3.8": {"pip": "old.whl"}, "PYTHON": {"pip": "new.whl"}}', False),
        ('BUNDLE_SUPPORT: Final[dict] = {"3.8": {"pip": "old.whl"}, "PYTHON": {"pip": "new.whl"}}', False),
        ('BUNDLE_SUPPORT = read("wheels.json")', True),
        ('WHEELS = {"3.8": {"pip": "old.whl"}}', True),
    ],
)
def test_virtualenvs_wheels_for_other_pythons_are_removed(trim: Trim, listing: str, kept: bool) -> None:
    """A list in an unknown form removes nothing, and ends no build."""
    listing = listing.replace("PYTHON", f"{sys.version_info.major}.{sys.version_info.minor}")
    folder = "virtualenv/seed/wheels/embed"
    site = trim({f"{folder}/__init__.py": listing.encode(), f"{folder}/old.whl": b"1", f"{folder}/new.whl": b"2"})
    assert (site / folder / "old.whl").exists() == kept
    assert (site / folder / "new.whl").exists()
    recorded(site)
