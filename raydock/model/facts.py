"""What the package index said of releases, with source and day: lockfiles/facts.json."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from raydock.errors import ConfigurationError

SCHEMA = 1

_TODO = "run `./build.py facts` to read the package index anew, or restore the file from git."


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """One wheel of a release; `size` in bytes."""

    filename: str
    size: int
    sha256: str
    yanked: bool = False

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """Its compatibility tags (PEP 425). Raises ConfigurationError where the name is no wheel's."""
        try:
            return parse_wheel_filename(self.filename)[3]
        except InvalidWheelFilename:
            raise ConfigurationError(f"The facts hold {self.filename!r}, which names no wheel.", todo=_TODO) from None


@dataclass(frozen=True, kw_only=True)
class Release:
    """One version of a project: its Linux x86-64 wheels and what they require.

    `source` says where this was read, `read` on which day (ISO 8601), `uploaded` when its first file appeared.
    """

    project: str
    version: str
    requires_python: str
    requires_dist: tuple[str, ...]
    wheels: tuple[Wheel, ...]
    uploaded: str
    source: str
    read: str

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """Its requirements, parsed. Raises ConfigurationError for one that PEP 508 does not allow."""
        return tuple(self._requirement(line) for line in self.requires_dist)

    @cached_property
    def pythons(self) -> SpecifierSet:
        """Its Requires-Python, parsed. Raises ConfigurationError where PEP 440 does not allow it."""
        try:
            return SpecifierSet(self.requires_python)
        except InvalidSpecifier:
            what = f"The facts of {self}: {self.requires_python!r} is no Requires-Python."
            raise ConfigurationError(what, todo=_TODO) from None

    def _requirement(self, line: str) -> Requirement:
        try:
            return Requirement(line)
        except InvalidRequirement:
            raise ConfigurationError(f"The facts of {self}: {line!r} is no requirement.", todo=_TODO) from None

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True)
class Facts:
    """Releases by project and version."""

    releases: dict[tuple[str, str], Release]

    def get(self, project: str, version: str) -> Release | None:
        """The release, or None where it was never read."""
        return self.releases.get((project, version))


def load(path: Path) -> Facts:
    """Reads facts.json. Raises ConfigurationError where it is missing, damaged or of a newer schema."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist.", todo=_TODO) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        place = f"{path}:{getattr(error, 'lineno', 1)}"
        raise ConfigurationError(f"{place}: not readable as JSON: {error}.", todo=_TODO) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ConfigurationError(f"{path}:1: schema {schema!r} is not {SCHEMA}, which this raydock reads.", todo=_TODO)
    try:
        releases = [_release(item) for item in document["releases"]]
    except (KeyError, TypeError) as error:
        raise ConfigurationError(f"{path}: a release is not as it should be: {error!r}.", todo=_TODO) from None
    return Facts({(release.project, release.version): release for release in releases})


def dump(facts: Facts) -> str:
    """The text of facts.json: sorted, one value a line, so that a change reads well in git."""
    releases = [asdict(facts.releases[key]) for key in sorted(facts.releases)]
    return json.dumps({"schema": SCHEMA, "releases": releases}, indent=1) + "\n"


def _release(item: dict[str, Any]) -> Release:
    wheels = tuple(Wheel(**wheel) for wheel in item["wheels"])
    return Release(**{**item, "requires_dist": tuple(item["requires_dist"]), "wheels": wheels})
