"""Refresh SUITES in raydock/model/bases.py: the Debian releases of bases, and their glibc.

The source is the package lists of a Debian archive: the version of libc6 in each release, and the current stable
release, which is added if it is new. Tested with Debian's archive on 2026-11-30, and in tests/unit/tools/ with a small
one.
"""

import re

import click

from raydock.builder.bootstrap import archive_of
from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.core.processes import Processes
from raydock.model.bases import SUITES
from tools.refresh import Proposal, Table, document, refresher

TABLE = Table(path="raydock/model/bases.py", marks=("packages.debian.org: libc6; read ",))

_LIBC = re.compile(r"(?m)^Package: libc6\n(?:.+\n)*?Version: (\d+\.\d+)")
_CODENAME = re.compile(r"(?m)^Codename: (\S+)$")
_SUITES = re.compile(r"(?m)^SUITES = \{.*\}$")


@refresher(TABLE)
@click.argument("mirror", default="")
def main(mirror: str) -> Proposal:
    """Read the glibc of each Debian release from MIRROR, the address of an archive (default: Debian's own).

    \b
    Example: .venv/bin/python -m tools.refresh_suites --check
    """
    return propose(mirror or archive_of(max(SUITES), Processes()).archive)


def propose(mirror: str) -> Proposal:
    """Return the module with the glibc of the releases in an archive, and the releases that it no longer has."""
    stable = _CODENAME.search(document(f"{mirror}/dists/stable/Release"))
    if stable is None:
        raise ConfigurationError(
            f"{mirror}/dists/stable/Release does not name a release.", todo="pass the address of a Debian mirror."
        )
    suites, gone = dict(SUITES), []
    for suite in dict.fromkeys((*SUITES, stable[1])):
        try:
            suites[suite] = _glibc(mirror, suite)
        except OutOfReachError as error:
            gone.append(f"{suite}: {error.what} Remove it if Debian has archived it.")
    text = _SUITES.sub(f"SUITES = {suites}".replace("'", '"'), TABLE.read())
    return Proposal(text=text, open=tuple(gone))


def _glibc(mirror: str, suite: str) -> str:
    """Return the glibc (2.36) of a release.

    Raises OutOfReachError if the archive does not answer, ConfigurationError if its list has no libc6.
    """
    address = f"{mirror}/dists/{suite}/main/binary-amd64/Packages.gz"
    version = _LIBC.search(document(address))
    if version is None:
        raise ConfigurationError(
            f"{address} has no libc6.", todo="pass the address of a Debian mirror with the component main."
        )
    return version[1]


if __name__ == "__main__":
    main()
