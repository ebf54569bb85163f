"""The releases on the package index, with source and day: lockfiles/facts.json."""

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

# The projects with facts, and the axes of their versions.
PROJECTS = {"ray": Axis.RAY, "torch": Axis.TORCH, "vllm": Axis.VLLM}

_TODO = "restore the file from git, or run `./build.py facts` to read the package index again."

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")

# A project and a version of it.
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel of a release.

    Attributes:
        filename: its file name.
        size: its size in bytes.
        sha256: its hexadecimal sha256.
        yanked: whether it is yanked (PEP 592).
    """

    filename: str
    size: int
    sha256: str
    yanked: bool = False

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """Its compatibility tags (PEP 425).

        Raises ConfigurationError if the file name is not the name of a wheel.
        """
        try:
            return parse_wheel_filename(self.filename)[3]
        except InvalidWheelFilename:
            raise ConfigurationError(
                f"facts.json has {self.filename!r}, which is not the name of a wheel.", todo=_TODO
            ) from None


@dataclass(frozen=True, kw_only=True)
class ProjectRelease:
    """A version of a project.

    Attributes:
        project: the project's canonical name.
        version: the version.
        requires_python: its Requires-Python; empty if it has none.
        requires_dist: its requirements, as PEP 508 lines.
        wheels: its wheels for Linux on x86-64.
        uploaded: the day on which its first file was uploaded (ISO 8601).
        source: the index that it was read from.
        read: the day on which it was read (ISO 8601).
        sdist: the file name of its source distribution; empty if it has none.
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
        """The unparsed requirements, by the canonical name of the required project."""
        lines: dict[str, list[str]] = {}
        for line in self.requires_dist:
            match = _NAME.match(line)
            lines.setdefault(canonicalize_name(match[0]) if match else "", []).append(line)
        return lines

    @property
    def required_projects(self) -> Iterable[str]:
        """The canonical names of the projects that it requires."""
        return self._lines

    def requirements_on(self, project: str) -> Iterator[Requirement]:
        """The requirements on a project, by its canonical name; only these are parsed.

        Raises ConfigurationError if one is invalid by PEP 508.
        """
        return map(self._requirement, self._lines.get(project, ()))

    @cached_property
    def pythons(self) -> SpecifierSet:
        """The parsed Requires-Python.

        Raises ConfigurationError if it is invalid by PEP 440.
        """
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
        """Hash the two fields that identify a release: caches use releases as keys, so this must be fast."""
        return hash((self.project, self.version))

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True)
class Facts:
    """The content of facts.json.

    Attributes:
        releases: the releases by project and version.
    """

    releases: Mapping[Key, ProjectRelease]

    def get(self, project: str, version: str) -> ProjectRelease | None:
        """The release; None if it was never read."""
        return self.releases.get((project, version))

    @cached_property
    def versions(self) -> dict[str, tuple[str, ...]]:
        """The known versions of each project, oldest first, without builds such as 2.3.1+cu118."""
        known = [(name, version) for name, version in self.releases if "+" not in version]
        return {
            project: tuple(sorted((version for name, version in known if name == project), key=Version))
            for project in PROJECTS
        }


def load(path: Path) -> Facts:
    """Read facts.json.

    Raises ConfigurationError, with the line, if the file is missing, invalid or of a different schema.
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
        raise _different_schema(path, schema)
    entries = document.get("releases")
    if not isinstance(entries, list):
        raise ConfigurationError(f"{path}:1: it has no list of releases.", todo=_TODO)
    releases: dict[Key, ProjectRelease] = {}
    for number, entry in enumerate(entries):
        try:
            release = msgspec.convert(entry, ProjectRelease)
            releases[release.project, str(Version(release.version))] = release
        except (msgspec.ValidationError, InvalidVersion) as error:
            # JSON is YAML, whose parser knows the lines.
            place = read(path).place("releases", number)
            raise ConfigurationError(f"{place}: a release is invalid: {error}.", todo=_TODO) from None
    return Facts(releases)


def dump(facts: Facts) -> str:
    """Write the text of facts.json.

    It is sorted, with one line for each requirement and wheel, so that git shows changes well.
    """
    keys = sorted(facts.releases, key=lambda key: (key[0], Version(key[1])))
    releases = ",\n".join(_lines(asdict(facts.releases[key])) for key in keys)
    return f'{{"schema": {SCHEMA}, "releases": [\n{releases}\n]}}\n'


def _lines(release: dict[str, Any]) -> str:
    """A release as JSON: a line with all single values, then its lists, with one line for each entry."""
    lists = {key: value for key, value in release.items() if isinstance(value, tuple)}
    single = json.dumps({key: value for key, value in release.items() if key not in lists})
    parts = [
        f' "{key}": [' + ",".join(f"\n  {json.dumps(entry)}" for entry in entries) + "]"
        for key, entries in lists.items()
    ]
    return ",\n".join([single.removesuffix("}"), *parts]) + "}"


def _different_schema(path: Path, schema: object) -> ConfigurationError:
    newer = isinstance(schema, int) and schema > SCHEMA
    return ConfigurationError(
        f"{path}:1: its schema is {schema!r}, and this raydock reads {SCHEMA}.",
        meaning="It was written by a newer raydock." if newer else "",
        todo=f"update raydock, or {_TODO}" if newer else _TODO,
    )
