"""`bases` of matrix.yaml."""

from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.core.models import Entry
from raydock.core.yamlfile import read_own
from raydock.model.bases import Base, BaseEntry, Mirror

IMAGE = f"registry.example/debian@sha256:{'0' * 64}"


class OnlyBases(Entry, frozen=True, kw_only=True):
    bases: dict[str, BaseEntry]


def bases(tmp_path: Path, text: str) -> tuple[Base, ...]:
    path = tmp_path / "matrix.yaml"
    path.write_text(f"bases:\n  own:\n{text}")
    file = read_own(path)
    return tuple(file.convert(OnlyBases).bases["own"].bases("own", file))


def bootstrapped(tmp_path: Path, mirror: str) -> Base:
    lines = f'    source: bootstrap\n    mirror: {mirror}\n    python: {{"3.11": bookworm}}\n'
    return bases(tmp_path, lines)[0]


@pytest.mark.parametrize(
    ("mirror", "archive", "security"),
    [
        ("http://m.example/debian", "http://m.example/debian", "http://m.example/debian-security"),
        ("https://m.example/debian/", "https://m.example/debian", "https://m.example/debian-security"),
        ("http://m.example:3142/a/debian", "http://m.example:3142/a/debian", "http://m.example:3142/a/debian-security"),
        (
            "http://snapshot.example/archive/debian/20261115T000000Z",
            "http://snapshot.example/archive/debian/20261115T000000Z",
            "http://snapshot.example/archive/debian-security/20261115T000000Z",
        ),
        ("{archive: http://m.example/apt, security: http://s.example/x}", "http://m.example/apt", "http://s.example/x"),
        ("{archive: http://m.example/debian, security: none}", "http://m.example/debian", ""),
        ("{archive: http://m.example/a/, security: http://m.example/b/}", "http://m.example/a", "http://m.example/b"),
    ],
)
def test_a_mirror(tmp_path: Path, mirror: str, archive: str, security: str) -> None:
    assert bootstrapped(tmp_path, mirror).mirror == Mirror(archive=archive, security=security)


@pytest.mark.parametrize(
    ("mirror", "message"),
    [
        ("http://m.example/apt", "has no path component `debian`"),
        ("http://debian", "has no path component `debian`"),
        ("ftp://m.example/debian", "is not allowed for"),
        ("/srv/debian", "is not allowed for"),
        ("'http://m.example/debian bookworm main'", "is not allowed for"),
        ("https://user:secret@m.example/debian", "is written with credentials"),
        ("{archive: http://m.example/a, security: 'https://user:secret@m.example/b'}", "is written with credentials"),
        ("{archive: http://m.example/debian}", "lacks the key 'security'"),
        ("{archive: http://m.example/debian, security: none, updates: x}", "has no key 'updates'"),
    ],
)
def test_a_mirror_that_is_wrong(tmp_path: Path, mirror: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as found:
        bootstrapped(tmp_path, mirror)
    assert "matrix.yaml:4: " in str(found.value)
    assert "secret" not in str(found.value)


def test_a_pulled_base_has_no_mirror(tmp_path: Path) -> None:
    lines = f'    source: pull\n    image: "{IMAGE}"\n    glibc: "2.36"\n    mirror: http://m.example/debian\n'
    with pytest.raises(ConfigurationError, match="a pulled base has no `mirror`"):
        bases(tmp_path, f'{lines}    python: {{"3.11": system}}\n')


def test_addresses_of_a_host_may_have_credentials() -> None:
    assert Mirror(archive="https://user:secret@m.example/debian", security="").archive.startswith("https://user:")
