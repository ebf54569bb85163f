"""A YAML file read strictly: unknown and repeated keys are refused, and every complaint names file and line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

import yaml

from raydock.core.errors import ConfigurationError, nearest

# libyaml's, which is several times faster, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FLAG = re.compile("true|false")


@dataclass(frozen=True)
class YamlEntry:
    """One value in a YAML file, with the place where it stands."""

    node: yaml.Node
    path: Path
    name: str = ""

    def refuse(self, what: str, todo: str = "") -> NoReturn:
        """Raises ConfigurationError for this place."""
        raise ConfigurationError(f"{self.place}: {what}", todo=todo)

    def items(self, known: tuple[str, ...] | None = None, required: tuple[str, ...] = ()) -> "dict[str, YamlEntry]":
        """The entries of a mapping by key. Keys must be among `known` (None: any), and hold all of `required`."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"{self.label} must be a mapping of keys to values.")
        found: dict[str, YamlEntry] = {}
        for key_node, value_node in self.node.value:
            key = YamlEntry(key_node, self.path, self.name).text()
            if key in found:
                YamlEntry(key_node, self.path).refuse(f"{self.label} has the key {key!r} twice.", "remove one of them.")
            if known is not None and key not in known:
                YamlEntry(key_node, self.path).refuse(f"{self.label} has no key {key!r}.", nearest(key, known))
            found[key] = YamlEntry(value_node, self.path, f"{self.name}.{key}".lstrip("."))
        for key in required:
            if key not in found:
                self.refuse(f"{self.label} lacks the key {key!r}.", f"add `{key}:`.")
        return found

    def list(self) -> "Iterator[YamlEntry]":
        """The entries of a sequence."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse(f"{self.label} must be a list.", "write it as [a, b].")
        for node in self.node.value:
            yield YamlEntry(node, self.path, self.name)

    def text(self) -> str:
        """A scalar as it was written, so that 3.10 stays 3.10 with or without quotes."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse(f"{self.label} must be a single value.")
        return str(self.node.value)

    def matching(self, form: re.Pattern[str], words: str) -> str:
        """A scalar that has a form, which `words` describe."""
        value = self.text()
        if not form.fullmatch(value):
            self.refuse(f"{value!r} is not allowed for {self.label}.", f"write {words}.")
        return value

    def flag(self) -> bool:
        """`true` or `false`."""
        return self.matching(_FLAG, "true or false") == "true"

    def day(self) -> date:
        """A date (ISO 8601)."""
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            self.refuse(f"{self.text()!r} is not a date.", "write it as 2026-11-15.")

    def day_so_far(self) -> date:
        """A date that is not to come (by UTC), so that what was so by then is known."""
        day = self.day()
        if day > datetime.now(UTC).date():
            self.refuse(f"{self.label} {day} is yet to come.", "name one that is over, or set this machine's clock.")
        return day

    def texts(self) -> tuple[str, ...]:
        """A sequence of scalars, none twice."""
        values: list[str] = []
        for entry in self.list():
            value = entry.text()
            if value in values:
                entry.refuse(f"{self.label} has {value!r} twice.", "remove one of them.")
            values.append(value)
        return tuple(values)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping of keys to values."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.path}:{self.node.start_mark.line + 1}"

    @property
    def label(self) -> str:
        return repr(self.name) if self.name else "the file"


def read(path: Path) -> YamlEntry:
    """The root of a YAML file. Raises ConfigurationError where it is missing or no YAML."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist.", todo="run raydock in the checkout that holds it.") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigurationError(
            f"{place}: not readable as YAML: {getattr(error, 'problem', error)}.", todo="fix that line."
        ) from None
    if node is None:
        raise ConfigurationError(f"{path} is empty.", todo="restore it from git, or write it as README.md shows.")
    return YamlEntry(node, path)
