"""This host's apt sources, read by the real apt from temporary folders."""

import os
import shutil
from pathlib import Path

import pytest

from raydock.builder import aptsources
from raydock.builder.aptsources import AptSource

pytestmark = pytest.mark.skipif(not shutil.which("apt-config"), reason="this host has no apt")

INLINE = """\
Types: deb deb-src
URIs: https://mirror.example/debian/ https://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
# ours
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xsFNBE
 -----END PGP PUBLIC KEY BLOCK-----
"""


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary /etc/apt without sources."""
    for folder in ("apt.conf.d", "auth.conf.d", "sources.list.d", "preferences.d", "trusted.gpg.d"):
        (tmp_path / folder).mkdir()
    config = tmp_path / "test.conf"
    config.write_text(f'Dir::Etc "{tmp_path}";\n')
    monkeypatch.setenv("APT_CONFIG", str(config))
    return tmp_path


def test_no_source(etc: Path) -> None:
    assert aptsources.sources() == ()


def test_a_host_without_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert aptsources.sources() == ()
    assert aptsources.releases() == {}
    assert aptsources.connection() == ""


@pytest.mark.parametrize("lines", ["", "^FILE="], ids=["apt 2", "apt 3"])
def test_the_keys_that_apt_trusts(etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    """apt 3 has no Dir::Etc::trusted, and its apt-config prints no line for it (read in forky, 2026-11-29)."""
    program = tmp_path / "bin" / "apt-config"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n{shutil.which("apt-config")} "$@" | grep -v "{lines or "^$"}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    key = etc / "trusted.gpg.d" / "archive.gpg"
    key.touch()
    (etc / "trusted.gpg.d" / "notes.txt").touch()
    assert aptsources.trusted() == (key,)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deb http://mirror.example/debian bookworm main", ("http://mirror.example/debian", "bookworm", ("main",), {})),
        (
            "deb [arch=amd64,arm64 signed-by=/k.gpg trusted=yes] http://m.example/d/ trixie main non-free # ours",
            (
                "http://m.example/d",
                "trixie",
                ("main", "non-free"),
                {"Architectures": "amd64 arm64", "signed-by": "/k.gpg", "trusted": "yes"},
            ),
        ),
        ("  deb\tfile:/srv/debian  bookworm-security\tmain", ("file:/srv/debian", "bookworm-security", ("main",), {})),
    ],
)
def test_a_line(etc: Path, line: str, expected: tuple[str, str, tuple[str, ...], dict[str, str]]) -> None:
    (etc / "sources.list").write_text(f"# a comment\n{line}\n")
    uri, suite, components, options = expected
    assert aptsources.sources() == (
        AptSource(place=f"{etc}/sources.list:2", uri=uri, suite=suite, components=components, options=options),
    )


@pytest.mark.parametrize(
    "line", ["# deb http://m.example/debian bookworm main", "deb-src http://m.example bookworm main", "deb"]
)
def test_a_line_that_is_not_a_package_source(etc: Path, line: str) -> None:
    (etc / "sources.list").write_text(f"{line}\n")
    assert aptsources.sources() == ()


def test_a_stanza(etc: Path) -> None:
    (etc / "sources.list.d" / "debian.sources").write_text(f"Types: deb-src\nURIs: http://x\n\n{INLINE}")
    sources = aptsources.sources()
    assert [(source.uri, source.suite) for source in sources] == [
        ("https://mirror.example/debian", "bookworm"),
        ("https://mirror.example/debian", "bookworm-updates"),
        ("https://second.example/debian", "bookworm"),
        ("https://second.example/debian", "bookworm-updates"),
    ]
    assert sources[0].place == f"{etc}/sources.list.d/debian.sources:4"
    assert "\n xsFNBE\n" in sources[0].deb822("trixie")
    assert "Suites: trixie\nComponents: main\n" in sources[0].deb822("trixie")


@pytest.mark.parametrize("value", ["no", "No", "false", "0"])
def test_a_disabled_stanza(etc: Path, value: str) -> None:
    (etc / "sources.list.d" / "debian.sources").write_text(f"Enabled: {value}\n{INLINE}")
    assert aptsources.sources() == ()


def test_files_that_apt_does_not_read(etc: Path) -> None:
    (etc / "sources.list.d" / "debian.sources.save").write_text(INLINE)
    (etc / "sources.list.d" / "old.list.dpkg-old").write_text("deb http://m.example/debian bookworm main\n")
    assert aptsources.sources() == ()


def test_the_connection(etc: Path) -> None:
    (etc / "apt.conf.d" / "80proxy").write_text(
        'Acquire::http { Proxy "http://u:p@proxy.example:3128"; Proxy::near.example "DIRECT"; };\n'
        'Acquire::https::CaInfo "/etc/company.pem";\nAcquire::Retries "3";\nAcquire::Check-Valid-Until "false";\n'
        'Acquire::AllowInsecureRepositories "true";\nAcquire::Languages "none";\nAPT::Install-Recommends "false";\n'
    )
    lines = aptsources.connection().splitlines()
    assert 'Acquire::http::Proxy "http://u:p@proxy.example:3128";' in lines
    assert 'Acquire::http::Proxy::near.example "DIRECT";' in lines
    assert 'Acquire::https::CaInfo "/etc/company.pem";' in lines
    assert 'Acquire::Retries "3";' in lines
    assert 'Acquire::Check-Valid-Until "false";' in lines
    assert f'Dir::Etc::netrc "{etc}/auth.conf";' in lines
    assert f'Dir::Etc::netrcparts "{etc}/auth.conf.d/";' in lines
    assert not [line for line in lines if "Insecure" in line or "Languages" in line or "Recommends" in line]
