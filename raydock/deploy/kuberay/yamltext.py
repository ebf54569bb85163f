"""YAML that Go's parser and Python's parser read alike."""

import re
from collections.abc import Iterable

import yaml

from raydock.deploy.kuberay.deployment import Yaml

# Go's YAML 1.1 reads more texts as booleans and numbers than PyYAML does (y, 1e3), so only plain words are not quoted.
_PLAIN = re.compile(r"[A-Za-z/][\w./:@-]*", re.ASCII)
_RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes all but plain words and uses no aliases.

    Text of several lines is written as a block.
    """

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    if "\n" in text and all(line.isprintable() for line in text.split("\n")):
        return "|"
    return None if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else '"'


_Dumper.add_representer(str, _represent)


def to_yaml(documents: Iterable[Yaml]) -> str:
    """Return resources as a stream of YAML documents."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True)
