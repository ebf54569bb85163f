"""Packages without a wheel, which are built from source (data/sdists.yaml)."""

import json

from raydock.compat.when import When
from raydock.core.models import Dated
from raydock.core.yamlfile import shipped


class Sdist(Dated, frozen=True, kw_only=True):
    """A source distribution that may be built.

    Attributes:
        when: the variants that may have it.
        name: the package's canonical name.
        version: its version.
        sha256: the file's hexadecimal sha256.
        requires: its requirements, as PEP 508 lines.
        build: the packages that build it, as PEP 508 lines.
        reason: why it is needed.
    """

    when: When
    name: str
    version: str
    sha256: str
    requires: tuple[str, ...]
    build: tuple[str, ...]
    reason: str

    @property
    def uv(self) -> str:
        """Its metadata for uv's configuration, so that uv does not run its code to read them."""
        lines = (f"name = {json.dumps(self.name)}", f"version = {json.dumps(self.version)}")
        return "\n".join(("[[dependency-metadata]]", *lines, f"requires-dist = {json.dumps(self.requires)}\n"))


def known() -> dict[str, Sdist]:
    """The source distributions that raydock ships, by canonical name."""
    return {sdist.name: sdist for sdist in shipped("compat/data/sdists.yaml", tuple[Sdist, ...])}
