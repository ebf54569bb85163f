"""Packages that are built from source, since no wheel of them exists, as dated data: data/sdists.yaml."""

import json
from functools import cache
from pathlib import Path

from raydock.compat.when import When
from raydock.core.models import Dated
from raydock.core.yamlfile import read

DATA = Path(__file__).parent / "data" / "sdists.yaml"


class Sdist(Dated, frozen=True, kw_only=True):
    """One source distribution: the variants that may have it, what it requires and is built with (PEP 508 lines)."""

    when: When
    name: str
    version: str
    sha256: str
    requires: tuple[str, ...]
    build: tuple[str, ...]
    reason: str

    @property
    def uv(self) -> str:
        """Its metadata for uv's configuration, so that uv need not run it to learn them."""
        lines = (f"name = {json.dumps(self.name)}", f"version = {json.dumps(self.version)}")
        return "\n".join(("[[dependency-metadata]]", *lines, f"requires-dist = {json.dumps(self.requires)}\n"))


def load(path: Path = DATA) -> dict[str, Sdist]:
    """Reads sdists by name. Raises ConfigurationError, with file and line, for what is not as the file's head says."""
    return {sdist.name: sdist for sdist in read(path).convert(tuple[Sdist, ...])}


@cache
def known() -> dict[str, Sdist]:
    """The sdists that raydock ships, by canonical name."""
    return load()
