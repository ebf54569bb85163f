"""Packages that are built from source, since no wheel of them exists, as dated data: data/sdists.yaml."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from raydock.compat.when import When, parse
from raydock.core.yamlentry import YamlEntry, read

DATA = Path(__file__).parent / "data" / "sdists.yaml"


@dataclass(frozen=True, kw_only=True)
class Sdist:
    """One source distribution: the variants that may have it, what it requires and is built with (PEP 508 lines)."""

    when: When
    name: str
    version: str
    sha256: str
    requires: tuple[str, ...]
    build: tuple[str, ...]

    @property
    def uv(self) -> str:
        """Its metadata for uv's configuration, so that uv need not run it to learn them."""
        lines = (f"name = {json.dumps(self.name)}", f"version = {json.dumps(self.version)}")
        return "\n".join(("[[dependency-metadata]]", *lines, f"requires-dist = {json.dumps(self.requires)}\n"))


def load(path: Path = DATA) -> dict[str, Sdist]:
    """Reads sdists by name. Raises ConfigurationError, with file and line, for what is not as the file's head says."""
    found = (_sdist(entry) for entry in read(path).list())
    return {sdist.name: sdist for sdist in found}


@cache
def known() -> dict[str, Sdist]:
    """The sdists that raydock ships, by canonical name."""
    return load()


def _sdist(entry: YamlEntry) -> Sdist:
    keys = ("when", "name", "version", "sha256", "requires", "build", "reason", "source", "date")
    items = entry.items(keys, keys)
    return Sdist(
        when=parse(items["when"]),
        name=items["name"].text(),
        version=items["version"].text(),
        sha256=items["sha256"].text(),
        requires=items["requires"].texts(),
        build=items["build"].texts(),
    )
