"""Values as YAML text, and YAML documents from templates."""

import re
from collections.abc import Iterable
from math import inf
from pathlib import Path

import yaml

from raydock.core.templating import environment
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
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=dumper.default_style or _style(text))


def _style(text: str) -> str | None:
    if "\n" in text and all(line.isprintable() for line in text.split("\n")):
        return "|"
    return None if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else '"'


_Dumper.add_representer(str, _represent)


def to_yaml(documents: Iterable[Yaml]) -> str:
    """Return resources as a stream of YAML documents, which Go's parser and Python's parser read alike."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True)


def render(template: str, **values: object) -> list[Yaml]:
    """Return the documents of a template in this folder; its filter `text` writes a value on one line."""
    jinja = environment(Path(__file__).parent)
    jinja.filters["text"] = _on_one_line
    return list(yaml.safe_load_all(jinja.get_template(template).render(values)))


def _on_one_line(value: object) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, default_style='"', sort_keys=False, width=inf)
    return text.rstrip("\n")
