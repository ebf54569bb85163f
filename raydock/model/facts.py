"""What the package index said of releases, with source and day: lockfiles/facts.json."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import read
from raydock.model.requirement import requirement
from raydock.model.variant import Axis

SCHEMA = 2

# The projects that facts are kept of, and the axes on which their versions stand.
PROJECTS = {"ray": Axis.RAY, "torch": Axis.TORCH, "vllm": Axis.VLLM}

_TODO = "restore the file from git, or run `./build.py facts` to read the package index again."

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")

# A project and a version of it.
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """One wheel of a release; `size` in bytes."""

    filename: str
    size: int
    sha256: str
    yanked: bool = False

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """Its compatibility tags (PEP 425). Raises ConfigurationError if the name is not a wheel's."""
        try:
            return parse_wheel_filename(self.filename)[3]
        except InvalidWheelFilename:
            raise ConfigurationError(f"The facts hold {self.filename!r}, which names no wheel.", todo=_TODO) from None


@dataclass(frozen=True, kw_only=True)
class ProjectRelease:
    """One version of a project: its Linux x86-64 wheels and what they require.

    `sdist` names its source distribution, empty where it has none. `source` says where this was read, `read` on which
    day (ISO 8601), `uploaded` when its first file appeared.
    """

    project: str
    version: str
    requires_python: str
    requires_dist: tuple[str, ...]
    wheels: tuple[Wheel, ...]
    uploaded: str
    source: str
    read: str
    sdist: str = ""

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        """Its requirements as they were written, by the canonical name of the project that each is on."""
        lines: dict[str, list[str]] = {}
        for line in self.requires_dist:
            match = _NAME.match(line)
            lines.setdefault(canonicalize_name(match[0]) if match else "", []).append(line)
        return lines

    @property
    def required(self) -> Iterable[str]:
        """The canonical names of the projects that its requirements are on."""
        return self._lines

    def on(self, project: str) -> Iterator[Requirement]:
        """Its requirements on a project, by canonical name; only these are parsed.

        Raises ConfigurationError for one that PEP 508 does not allow.
        """
        return map(self._requirement, self._lines.get(project, ()))

    @cached_property
    def pythons(self) -> SpecifierSet:
        """Its Requires-Python, parsed. Raises ConfigurationError where PEP 440 does not allow it."""
        try:
            return SpecifierSet(self.requires_python)
        except InvalidSpecifier:
            what = f"The facts of {self}: {self.requires_python!r} is not a Requires-Python."
            raise ConfigurationError(what, todo=_TODO) from None

    def _requirement(self, line: str) -> Requirement:
        try:
            return requirement(line)
        except InvalidRequirement:
            raise ConfigurationError(f"The facts of {self}: {line!r} is not a requirement.", todo=_TODO) from None

    def __hash__(self) -> int:
        """Of what nearly always tells releases apart, since much is remembered by release."""
        return hash((self.project, self.version))

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True)
class Facts:
    """Releases by project and version."""

    releases: Mapping[Key, ProjectRelease]

    def get(self, project: str, version: str) -> ProjectRelease | None:
        """The release, or None where it was never read."""
        return self.releases.get((project, version))

    @cached_property
    def versions(self) -> dict[str, tuple[str, ...]]:
        """The known versions of each project, oldest first, without builds such as 2.3.1+cu118."""
        found = [(name, version) for name, version in self.releases if "+" not in version]
        return {
            project: tuple(sorted((version for name, version in found if name == project), key=Version))
            for project in PROJECTS
        }


def load(path: Path) -> Facts:
    """Reads facts.json.

    Raises ConfigurationError, with the line, if the file is missing, damaged or of a different schema.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist.", todo=_TODO) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        place = f"{path}:{getattr(error, 'lineno', 1)}"
        raise ConfigurationError(f"{place}: not readable as JSON: {error}.", todo=_TODO) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise _another_schema(path, schema)
    items = document.get("releases")
    if not isinstance(items, list):
        raise ConfigurationError(f"{path}:1: it holds no list of releases.", todo=_TODO)
    releases: dict[Key, ProjectRelease] = {}
    for number, item in enumerate(items):
        try:
            release = msgspec.convert(item, ProjectRelease)
            releases[release.project, str(Version(release.version))] = release
        except (msgspec.ValidationError, InvalidVersion) as error:
            # JSON is YAML, whose parser knows the lines.
            place = read(path).place("releases", number)
            raise ConfigurationError(f"{place}: a release is not as it should be: {error}.", todo=_TODO) from None
    return Facts(releases)


def dump(facts: Facts) -> str:
    """The text of facts.json: sorted, one requirement and one wheel a line, so that a change reads well in git."""
    keys = sorted(facts.releases, key=lambda key: (key[0], Version(key[1])))
    releases = ",\n".join(_lines(asdict(facts.releases[key])) for key in keys)
    return f'{{"schema": {SCHEMA}, "releases": [\n{releases}\n]}}\n'


def _lines(release: dict[str, Any]) -> str:
    """A release as JSON: what is single on its first line, then its lists, one item a line."""
    lists = {key: value for key, value in release.items() if isinstance(value, tuple)}
    single = json.dumps({key: value for key, value in release.items() if key not in lists})
    parts = [
        f' "{key}": [' + ",".join(f"\n  {json.dumps(item)}" for item in items) + "]" for key, items in lists.items()
    ]
    return ",\n".join([single.removesuffix("}"), *parts]) + "}"


def _another_schema(path: Path, schema: object) -> ConfigurationError:
    newer = isinstance(schema, int) and schema > SCHEMA
    return ConfigurationError(
        f"{path}:1: its schema is {schema!r}, and this raydock reads {SCHEMA}.",
        meaning="It was written by a newer raydock." if newer else "",
        todo=f"update raydock, or {_TODO}" if newer else _TODO,
    )
