"""Where a bootstrapped base gets its Debian packages: matrix.yaml's mirror, this host's apt sources, or Debian."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from raydock.builder import aptsources
from raydock.builder.aptsources import AptRelease, AptSource
from raydock.model.bases import SUITES, Base, Mirror

# mmdebstrap's apt trusts this host's keys; on Ubuntu, Debian's are in a package of their own: debian-archive-keyring.
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SUFFIXES = ("", "-updates", "-security")
# Releases whose sources on a host show where it gets updates from: an Ubuntu host's show nothing about Debian's.
_RELEASES = (*SUITES, "forky")


@dataclass(frozen=True, kw_only=True)
class PackageSources:
    """What mmdebstrap reads.

    Attributes:
        stanzas: the package sources, as deb822; empty for Debian's own archive, which mmdebstrap knows.
        settings: settings of apt.conf.
        origin: the sources and where they are stated.
    """

    stanzas: str
    settings: str
    origin: str


def package_sources(base: Base, bundle: Path | None) -> PackageSources:
    """The sources of a bootstrapped base on this host, with `bundle` as the certificates that https trusts, if any."""
    stanzas, origin = _chosen(base)
    settings = aptsources.connection()
    if bundle and "Acquire::https::CaInfo " not in settings:
        settings += f'Acquire::https::CaInfo "{bundle}";\n'
    return PackageSources(stanzas=stanzas, settings=settings, origin=origin)


def _chosen(base: Base) -> tuple[str, str]:
    """The deb822 stanzas of the sources that apply, and where they are stated."""
    if base.mirror:
        return _stated(base.mirror, base.suite), f"{_named([base.mirror.archive])} (matrix.yaml)"
    if chosen := from_host(base.suite, aptsources.sources(), aptsources.releases()):
        stanzas = "\n".join(source.deb822(suite) for suite, source in chosen)
        return stanzas, f"{_named(source.uri for _, source in chosen)} ({chosen[0][1].place})"
    return "", f"Debian's own archive (no apt source of this host has {base.suite})"


def from_host(
    suite: str, sources: Iterable[AptSource], releases: dict[tuple[str, str], AptRelease]
) -> list[tuple[str, AptSource]]:
    """The host's sources of a suite, of its updates and of its security updates, each with the suite's own name.

    A host with one suite's updates has them for each suite that it lists: scripts/engine lists trixie alone.
    Empty if the host does not list the suite.
    """
    known: dict[str, list[AptSource]] = {}
    for source in sources:
        if aptsources.MAIN in source.components and _is_debian(source, releases):
            release = releases.get((source.uri, source.suite))
            known.setdefault(release.codename if release else source.suite, []).append(source)
    if suite not in known:
        return []
    chosen = []
    for suffix in _SUFFIXES:
        names = (f"{release}{suffix}" for release in (suite, *_RELEASES))
        chosen += [
            (f"{suite}{suffix}", source) for source in next((known[name] for name in names if name in known), [])
        ]
    return chosen


def listing(suite: str, own: Mirror) -> str:
    """A base's own /etc/apt/sources.list. `own` is matrix.yaml's mirror, else Debian's archive, never this host's."""
    return "".join(f"deb {address} {name} main\n" for name, address in _addresses(own, suite))


def _addresses(mirror: Mirror, suite: str) -> list[tuple[str, str]]:
    places = [(f"{suite}{suffix}", mirror.archive) for suffix in ("", "-updates")]
    return [*places, (f"{suite}-security", mirror.security)] if mirror.security else places


def _stated(mirror: Mirror, suite: str) -> str:
    return "\n".join(
        AptSource(place="", uri=address, suite=suite, components=(aptsources.MAIN,), options={}).deb822(suite)
        for suite, address in _addresses(mirror, suite)
    )


def other_suites(base: Base) -> list[str]:
    """The other suites that a base can be made of, in which a package is looked for."""
    return [suite for suite in SUITES if suite != base.suite]


def default_stanzas(suite: str, archive: Mirror) -> str:
    """The sources of Debian's own archive, as deb822."""
    return _stated(archive, suite)


def _is_debian(source: AptSource, releases: dict[tuple[str, str], AptRelease]) -> bool:
    """Whether an archive is Debian's or a mirror of it: others have a suite of the same name and a component main.

    If apt has not downloaded its lists, its key decides: others have keys of their own.
    """
    if release := releases.get((source.uri, source.suite)):
        return release.origin == aptsources.DEBIAN
    keys = next((value for name, value in source.options.items() if name.lower() == "signed-by"), "")
    return all(Path(key).name.startswith("debian-archive") for key in keys.split())


def _named(addresses: Iterable[str]) -> str:
    """Addresses without the credentials that they may hold."""
    plain = (urlsplit(address) for address in addresses)
    return " and ".join(dict.fromkeys(part._replace(netloc=part.netloc.rpartition("@")[2]).geturl() for part in plain))
