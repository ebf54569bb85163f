"""The glibc of Debian releases, read from a small archive."""

import gzip
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from raydock.model.bases import SUITES
from tools import refresh_suites

PACKAGES = """\
Package: libc6-dev
Source: glibc
Version: 9.99-1

Package: libc6
Source: glibc
Version: {}-9+deb12u14
Installed-Size: 12986
"""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Return the folder and the address of an archive with the releases that raydock knows."""
    for suite, glibc in SUITES.items():
        add(tmp_path, suite, glibc)
    release(tmp_path, max(SUITES))
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def add(folder: Path, suite: str, glibc: str) -> None:
    path = folder / "dists" / suite / "main" / "binary-amd64" / "Packages.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(PACKAGES.format(glibc).encode()))


def release(folder: Path, codename: str) -> None:
    (folder / "dists" / "stable").mkdir(exist_ok=True)
    (folder / "dists" / "stable" / "Release").write_text(f"Suite: stable\nVersion: 13.1\nCodename: {codename}\n")


def test_an_archive_that_agrees(archive: tuple[Path, str]) -> None:
    proposal = refresh_suites.propose(archive[1])
    assert (proposal.text, proposal.open) == (refresh_suites.TABLE.read(), ())


def test_a_new_stable_release_is_added(archive: tuple[Path, str]) -> None:
    folder, address = archive
    add(folder, "next", "9.9")
    release(folder, "next")
    expected = repr({**SUITES, "next": "9.9"}).replace("'", '"')
    assert f"\nSUITES = {expected}\n" in refresh_suites.propose(address).text


def test_a_removed_release_must_be_decided(archive: tuple[Path, str]) -> None:
    folder, address = archive
    (folder / "dists" / "bullseye" / "main" / "binary-amd64" / "Packages.gz").unlink()
    proposal = refresh_suites.propose(address)
    assert proposal.text == refresh_suites.TABLE.read()
    (line,) = proposal.open
    assert line.startswith("bullseye: ")
