"""The archives of a bootstrapped base."""

from dataclasses import replace
from pathlib import Path

import pytest

from raydock.builder import aptsources
from raydock.builder.aptsources import AptRelease, AptSource
from raydock.builder.debian import from_host, listing, package_sources
from raydock.model.bases import Base, Mirror

BASE = Base(name="debian", source="bootstrap", python="3.11", glibc="2.36", suite="bookworm")
MIRROR = Mirror(archive="https://m.example/debian", security="https://m.example/debian-security")
PUBLIC = Mirror(archive="http://public.example/debian", security="http://security.example/debian-security")
DEBIAN = {"Signed-By": "/usr/share/keyrings/debian-archive-keyring.gpg"}


def source(uri: str, suite: str, components: str = "main", **options: str) -> AptSource:
    return AptSource(
        place="/etc/apt/sources.list:1", uri=uri, suite=suite, components=tuple(components.split()), options=options
    )


OWN = "http://mirror.corp.example/debian"
FULL = (
    source(OWN, "bookworm", **DEBIAN),
    source(OWN, "bookworm-updates", **DEBIAN),
    source(f"{OWN}-security", "bookworm-security", **DEBIAN),
)


def host(
    monkeypatch: pytest.MonkeyPatch, *sources: AptSource, known: dict[tuple[str, str], AptRelease] | None = None
) -> None:
    monkeypatch.setattr(aptsources, "sources", lambda: sources)
    monkeypatch.setattr(aptsources, "releases", lambda: known or {})
    monkeypatch.setattr(aptsources, "connection", lambda: "")


def chosen(
    suite: str, *sources: AptSource, known: dict[tuple[str, str], AptRelease] | None = None
) -> list[tuple[str, str]]:
    return [(name, each.uri) for name, each in from_host(suite, sources, known or {})]


def test_a_hosts_mirror() -> None:
    assert chosen("bookworm", *FULL) == [
        ("bookworm", OWN),
        ("bookworm-updates", OWN),
        ("bookworm-security", f"{OWN}-security"),
    ]


def test_a_host_without_updates_gets_none() -> None:
    assert chosen("bookworm", source(OWN, "bookworm")) == [("bookworm", OWN)]


def test_a_second_suite_of_the_host_uses_the_update_archive_of_the_first() -> None:
    assert chosen("trixie", *FULL, source(OWN, "trixie")) == [
        ("trixie", OWN),
        ("trixie-updates", OWN),
        ("trixie-security", f"{OWN}-security"),
    ]


def test_a_suite_that_the_host_does_not_list() -> None:
    assert chosen("trixie", *FULL) == []


UBUNTU = "http://archive.ubuntu.com/ubuntu"


def test_an_ubuntu_host() -> None:
    ubuntu = [source(UBUNTU, suite, "main universe") for suite in ("noble", "noble-updates", "noble-security")]
    assert chosen("bookworm", *ubuntu) == []
    assert chosen("bookworm", *ubuntu, source(OWN, "bookworm")) == [("bookworm", OWN)]


@pytest.mark.parametrize(
    "other",
    [
        source("https://download.docker.com/linux/debian", "bookworm", "stable"),
        source("https://apt.releases.hashicorp.com", "bookworm", **{"signed-by": "/usr/share/keyrings/hashicorp.gpg"}),
        source("https://pkgs.tailscale.com/stable/debian", "bookworm", **{"Signed-By": "/etc/apt/keyrings/ts.gpg"}),
        source("https://packages.microsoft.com/debian/12/prod", "bookworm", **{"Signed-By": "\n -----BEGIN PGP"}),
    ],
    ids=lambda other: other.uri,
)
def test_archives_that_are_not_debians(other: AptSource) -> None:
    assert chosen("bookworm", other) == []
    assert chosen("bookworm", other, *FULL)[0] == ("bookworm", OWN)


@pytest.mark.parametrize(
    "debian",
    [
        FULL,
        tuple(source(each.uri, each.suite) for each in FULL),
        (source("http://archive.example.debian.org/debian", "bookworm"),),
        (
            source("http://mirror.example.debian.org/debian", "bookworm"),
            source("http://archive.example.debian.org/debian", "bookworm"),
        ),
    ],
    ids=["signed", "with updates", "Debian's host", "Debian's hosts"],
)
@pytest.mark.parametrize("uri", ["https://pkgs.example.com/stable/debian", "https://php.example", "file:/srv/own"])
def test_an_archive_of_unknown_origin_is_not_added_to_debians(debian: tuple[AptSource, ...], uri: str) -> None:
    """Before the first `apt-get update`, a source without Signed-By can be anything."""
    expected = [("bookworm", each.uri) for each in debian if each.suite == "bookworm"]
    assert chosen("bookworm", source(uri, "bookworm"), *debian)[: len(expected)] == expected
    assert uri not in [used for _, used in chosen("bookworm", *debian, source(uri, "bookworm"))]


def test_of_several_archives_of_unknown_origin_the_first_is_used() -> None:
    other = source("https://pkgs.example.com/stable/debian", "bookworm")
    assert chosen("bookworm", source(OWN, "bookworm"), other) == [("bookworm", OWN)]


@pytest.mark.parametrize("key", ["\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n xsFNBE", "/etc/apt/keyrings/corp.gpg"])
def test_the_reason_why_a_source_is_not_used(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    own = source(OWN, "bookworm", **{"signed-by": key})
    host(monkeypatch, own)
    reason = package_sources(BASE, None).origin
    assert reason.startswith("Debian's own archive (/etc/apt/sources.list:1 is not used, because its Signed-By is not")
    assert "`apt-get update`" in reason
    host(monkeypatch, own, known={(OWN, "bookworm"): AptRelease(codename="bookworm", origin="Debian")})
    assert package_sources(BASE, None).origin == f"{OWN} (/etc/apt/sources.list:1)"
    host(monkeypatch, own, known={(OWN, "bookworm"): AptRelease(codename="bookworm", origin="corp")})
    assert package_sources(BASE, None).origin == "Debian's own archive (no apt source of this host has bookworm)"


def test_the_downloaded_lists_of_apt_decide() -> None:
    company = source("https://nexus.example/apt", "stable", **{"Signed-By": "/etc/apt/keyrings/company.gpg"})
    other = source("https://php.example", "bookworm")
    known = {
        (company.uri, "stable"): AptRelease(codename="bookworm", origin="Debian"),
        (other.uri, "bookworm"): AptRelease(codename="bookworm", origin="deb.example"),
    }
    assert chosen("bookworm", other, company, known=known) == [("bookworm", company.uri)]


def test_matrix_yaml_has_precedence_over_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    host(monkeypatch, *FULL)
    sources = package_sources(replace(BASE, mirror=MIRROR), None)
    assert "mirror.corp.example" not in sources.stanzas
    assert sources.stanzas.count("URIs: https://m.example/debian\n") == 2
    assert "URIs: https://m.example/debian-security\nSuites: bookworm-security\n" in sources.stanzas
    assert sources.origin == "https://m.example/debian (matrix.yaml)"


def test_the_host_has_precedence_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    host(monkeypatch, *FULL)
    assert package_sources(BASE, None).stanzas.count("URIs: http://mirror.corp.example/debian") == 3
    host(monkeypatch)
    sources = package_sources(BASE, None)
    assert (sources.stanzas, sources.origin) == ("", "Debian's own archive (no apt source of this host has bookworm)")


def test_credentials_of_the_host_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    host(monkeypatch, source("https://user:secret@m.example/debian", "bookworm"))
    sources = package_sources(BASE, None)
    assert "user:secret@" in sources.stanzas
    assert "secret" not in sources.origin


def test_https_trusts_the_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    host(monkeypatch)
    assert 'Acquire::https::CaInfo "/ca.pem";\n' in package_sources(BASE, Path("/ca.pem")).settings
    monkeypatch.setattr(aptsources, "connection", lambda: 'Acquire::https::CaInfo "/own.pem";\n')
    assert "/ca.pem" not in package_sources(BASE, Path("/ca.pem")).settings


def test_the_sources_in_the_base() -> None:
    assert listing("bookworm", PUBLIC) == (
        "deb http://public.example/debian bookworm main\n"
        "deb http://public.example/debian bookworm-updates main\n"
        "deb http://security.example/debian-security bookworm-security main\n"
    )
    bare = Mirror(archive="https://m.example/debian", security="")
    assert listing("bookworm", bare) == (
        "deb https://m.example/debian bookworm main\ndeb https://m.example/debian bookworm-updates main\n"
    )
