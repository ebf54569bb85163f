"""The steps of a build in words, from steps.yaml."""

import re
from functools import cache

from raydock.core.models import Entry
from raydock.core.yamlfile import shipped

_MOUNTS = re.compile(r" --(?:mount|link|from|network)\S*")
_SCRIPT = re.compile(r"(<<'?\w+'?) \(.*")


class _Step(Entry, frozen=True):
    """A step that raydock knows.

    Attributes:
        step: a pattern of its title in BuildKit's output, without mounts and script.
        title: what it does, with the groups of the pattern.
    """

    step: str
    title: str


def shorten(step: str) -> str:
    """The title of a step without mounts and script.

    An example is `[tree-ray 1/1] RUN make-tree /run/ray.txt`.
    """
    return _plain(step)[:120]


@cache
def in_words(step: str) -> str:
    """What a step does; the shortened title of a step that raydock does not know."""
    title = _plain(step)
    for known in shipped("builder/steps.yaml", tuple[_Step, ...]):
        if match := re.fullmatch(known.step, title):
            return known.title.format(**match.groupdict())
    return shorten(step)


def _plain(step: str) -> str:
    return _SCRIPT.sub(r"\1", _MOUNTS.sub("", step))
