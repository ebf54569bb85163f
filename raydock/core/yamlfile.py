"""Read YAML files strictly: every error names the file and the line."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from msgspec.structs import replace

from raydock.core.complaints import Steps, explain, label
from raydock.core.errors import ConfigurationError
from raydock.core.models import Entry, Model, convert
from raydock.core.program import PACKAGE

# The loader of libyaml is several times faster, but not every PyYAML has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The files of the package that were read, by path.
_SHIPPED: dict[str, Any] = {}

Located = TypeVar("Located", bound=Entry)


@dataclass(frozen=True)
class YamlFile:
    """A YAML file.

    Attributes:
        path: the file.
        root: its root node.
    """

    path: Path
    root: yaml.Node = field(repr=False)

    @cached_property
    def tree(self) -> Any:
        """Its content as dicts, lists and texts.

        Raises ConfigurationError if a key is not a scalar or is repeated.
        """
        try:
            return self._tree(self.root, ())
        except RecursionError:
            raise ConfigurationError(f"{self.path}: an alias is inside its own anchor.", todo="remove it.") from None

    def convert(self, model: type[Model]) -> Model:
        """Convert the file to a value of a model.

        Raises ConfigurationError, with file and line, if it is not one.
        """
        try:
            return convert(self.tree, model)
        except msgspec.ValidationError as error:
            complaint = explain(error, deepcopy(self.tree), model)
        node = _node(self.root, complaint.steps, on_key=complaint.on_key)
        raise self.refusal(node, complaint.what, complaint.todo)

    def place(self, *steps: str | int) -> str:
        """The file and line of the value that keys and indexes lead to; only the file if it has no such value."""
        try:
            return self._place(_node(self.root, steps))
        except StopIteration:
            return str(self.path)

    def placed(self, entries: Iterable[Located], key: str) -> tuple[Located, ...]:
        """The entries of a key's list, each with its file and line in the field `place`.

        Raises ConfigurationError if an entry has a key `place` in the file.
        """
        for number, entry in enumerate(self.tree.get(key, ())):
            if "place" in entry:
                node = _node(self.root, (key, number, "place"), on_key=True)
                raise self.refusal(node, f"{key!r} has no key 'place'.", "remove it.")
        return tuple(replace(entry, place=self.place(key, number)) for number, entry in enumerate(entries))

    def _tree(self, node: yaml.Node, steps: Steps) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [self._tree(entry, steps) for entry in node.value]
        if isinstance(node, yaml.ScalarNode):
            return node.value
        tree: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.refusal(key, f"a key of {label(steps)} must be a single value.")
            if key.value in tree:
                raise self.refusal(key, f"{label(steps)} has the key {key.value!r} twice.", "remove one of them.")
            tree[key.value] = self._tree(value, (*steps, key.value))
        return tree

    def _place(self, node: yaml.Node) -> str:
        return f"{self.path}:{node.start_mark.line + 1}"

    def refusal(self, node: yaml.Node, what: str, todo: str = "") -> ConfigurationError:
        """The error for a node."""
        return ConfigurationError(f"{self._place(node)}: {what}", todo=todo)


def load(path: Path, model: type[Model]) -> Model:
    """Read a file of raydock as a value of a model.

    Raises ConfigurationError as `read_own` and `convert` do.
    """
    return read_own(path).convert(model)


def shipped(path: str, model: type[Model]) -> Model:
    """The content of a file of the package, which is read once.

    path: its path in the package, such as `compat/data/cuda.yaml`.
    """
    if path not in _SHIPPED:
        _SHIPPED[path] = load(PACKAGE / path, model)
    content: Model = _SHIPPED[path]
    return content


def read_own(path: Path, text: str | None = None) -> YamlFile:
    """Read a file of raydock.

    text: its text, if it is not written yet.

    Raises ConfigurationError as `read` does, and if a list has a value twice.
    """
    file = read(path, text)
    for steps, values in _lists(file.tree, ()):
        repeated = next((number for number, value in enumerate(values) if value in values[:number]), None)
        if repeated is not None:
            what = f"{label(steps)} has {values[repeated]!r} twice."
            raise file.refusal(_node(file.root, (*steps, repeated)), what, "remove one of them.")
    return file


def read(path: Path, text: str | None = None) -> YamlFile:
    """Read a file.

    text: its text, if it is not written yet.

    Raises ConfigurationError if it is missing, empty or not YAML.
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8") if text is None else text, Loader=_LOADER)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist.",
            todo="run raydock in the folder that contains it, or name that folder with `-C`; `./build.py init` makes a"
            " new project.",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigurationError(
            f"{place}: not readable as YAML: {getattr(error, 'problem', error)}.", todo="fix that line."
        ) from None
    if node is None:
        raise ConfigurationError(f"{path} is empty.", todo="restore it from git, or write it as README.md shows.")
    return YamlFile(path, node)


def _node(node: yaml.Node, steps: Steps, *, on_key: bool = False) -> yaml.Node:
    """The node that steps lead to: the node of the value, or of the last key if `on_key`."""
    for number, step in enumerate(steps, 1):
        if isinstance(step, int):
            node = node.value[step]
        else:
            key, value = next(pair for pair in node.value if pair[0].value == step)
            node = key if on_key and number == len(steps) else value
    return node


def _lists(tree: Any, steps: Steps) -> Iterator[tuple[Steps, list[Any]]]:
    """Yield the lists of texts in a tree, with the keys and indexes that lead to them."""
    if isinstance(tree, list) and all(isinstance(entry, str) for entry in tree):
        yield steps, tree
    elif not isinstance(tree, str):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _lists(value, (*steps, key))
