"""The Debian archive of a bootstrapped base.

It is matrix.yaml's mirror, one of this host's apt sources, or Debian's own archive.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from raydock.builder import aptsources
from raydock.builder.aptsources import AptRelease, AptSource
from raydock.model.bases import SUITES, Base, Mirror

# mmdebstrap's apt trusts this host's keys; on Ubuntu, Debian's keys are in the package debian-archive-keyring.
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SUFFIXES = ("", "-updates", "-security")
# Debian releases whose sources on a host show the archive of its updates; Ubuntu's sources do not.
_RELEASES = (*SUITES, "forky")


@dataclass(frozen=True, kw_only=True)
class PackageSources:
    """The package sources for apt.

    Attributes:
        stanzas: the package sources, as deb822; empty for Debian's own archive.
        settings: settings for apt.conf.
        origin: the addresses and the file that names them, for messages.
    """

    stanzas: str
    settings: str
    origin: str


def package_sources(base: Base, bundle: Path | None) -> PackageSources:
    """The sources of a bootstrapped base on this host.

    `bundle` has trusted certificates for https, if any.
    """
    stanzas, origin = _chosen(base)
    settings = aptsources.connection()
    if bundle and "Acquire::https::CaInfo " not in settings:
        settings += f'Acquire::https::CaInfo "{bundle}";\n'
    return PackageSources(stanzas=stanzas, settings=settings, origin=origin)


def _chosen(base: Base) -> tuple[str, str]:
    """The deb822 stanzas of the sources to use, and their origin."""
    if base.mirror:
        return mirror_stanzas(base.mirror, base.suite), f"{_without_credentials([base.mirror.archive])} (matrix.yaml)"
    sources, releases = aptsources.sources(), aptsources.releases()
    if chosen := from_host(base.suite, sources, releases):
        stanzas = "\n".join(source.deb822(suite) for suite, source in chosen)
        return stanzas, f"{_without_credentials(source.uri for _, source in chosen)} ({chosen[0][1].place})"
    return "", f"Debian's own archive ({_why_not(base.suite, sources, releases)})"


def _why_not(suite: str, sources: Iterable[AptSource], releases: dict[tuple[str, str], AptRelease]) -> str:
    """Why no apt source of this host is used."""
    for source in sources:
        unread = (source.uri, source.suite) not in releases
        if unread and source.suite == suite and aptsources.MAIN in source.components:
            return (
                f"{source.place} is not used, because its Signed-By is not Debian's key and apt has not read its"
                " origin; if it is a mirror of Debian, run `apt-get update`"
            )
    return f"no apt source of this host has {suite}"


def from_host(
    suite: str, sources: Iterable[AptSource], releases: dict[tuple[str, str], AptRelease]
) -> list[tuple[str, AptSource]]:
    """The host's sources of a suite, its updates and its security updates.

    Each comes with the name of the suite. If the host has updates only for a different suite, their archive is used:
    scripts/engine adds only trixie. Empty if the host does not have the suite.
    """
    possible: dict[str, list[AptSource]] = {}
    for source in sources:
        if aptsources.MAIN in source.components and _is_debian(source, releases) is not False:
            release = releases.get((source.uri, source.suite))
            possible.setdefault(release.codename if release else source.suite, []).append(source)
    # Archives of other vendors have no suite of updates.
    archives = {source.uri for name, group in possible.items() if name.endswith("-updates") for source in group}
    known: dict[str, list[AptSource]] = {}
    for name, group in possible.items():
        certain = [source for source in group if source.uri in archives or _is_debian(source, releases)]
        known[name] = certain or group[:1]
    if suite not in known:
        return []
    chosen = []
    for suffix in _SUFFIXES:
        names = (f"{release}{suffix}" for release in (suite, *_RELEASES))
        chosen += [
            (f"{suite}{suffix}", source) for source in next((known[name] for name in names if name in known), [])
        ]
    return chosen


def listing(suite: str, mirror: Mirror) -> str:
    """The /etc/apt/sources.list in a base.

    `mirror` is that of matrix.yaml or Debian's archive, never this host's.
    """
    return "".join(f"deb {address} {name} main\n" for name, address in _addresses(mirror, suite))


def _addresses(mirror: Mirror, suite: str) -> list[tuple[str, str]]:
    addresses = [(f"{suite}{suffix}", mirror.archive) for suffix in ("", "-updates")]
    return [*addresses, (f"{suite}-security", mirror.security)] if mirror.security else addresses


def mirror_stanzas(mirror: Mirror, suite: str) -> str:
    """The sources of a mirror or of Debian's own archive, as deb822."""
    return "\n".join(
        AptSource(place="", uri=address, suite=suite, components=(aptsources.MAIN,), options={}).deb822(suite)
        for suite, address in _addresses(mirror, suite)
    )


def _is_debian(source: AptSource, releases: dict[tuple[str, str], AptRelease]) -> bool | None:
    """Whether an archive is Debian's or a mirror of it; None if that is unknown.

    Other archives can have the same suite and component names. If apt has not downloaded its lists, the name of its key
    decides, and without a key its host.
    """
    if release := releases.get((source.uri, source.suite)):
        return release.origin == aptsources.DEBIAN
    keys = next((value for name, value in source.options.items() if name.lower() == "signed-by"), "")
    if keys:
        return all(Path(key).name.startswith("debian-archive") for key in keys.split())
    return True if (urlsplit(source.uri).hostname or "").endswith(".debian.org") else None


def _without_credentials(addresses: Iterable[str]) -> str:
    """Addresses without credentials, as text."""
    plain = (urlsplit(address) for address in addresses)
    return " and ".join(dict.fromkeys(part._replace(netloc=part.netloc.rpartition("@")[2]).geturl() for part in plain))
