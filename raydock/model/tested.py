"""Sets of versions that were built and smoke-tested: lockfiles/tested-sets.yaml, which `try-sets` writes."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import msgspec
import yaml

from raydock.core.models import Entry
from raydock.core.yamlfile import load as load_file

_HEAD = "# Sets that `raydock try-sets` built and smoke-tested on a CPU, each with the newest packages of that day.\n"


class TestedSet(Entry, frozen=True, kw_only=True, omit_defaults=True):
    """The result of a set.

    Attributes:
        tested: the day of the test, which is also the cut-off day of its packages.
        failure: what failed, in one line; empty if all checks passed.
    """

    __test__ = False  # not a class of tests, for pytest

    tested: date
    failure: str = ""

    def __str__(self) -> str:
        return f"failed on {self.tested}" if self.failure else f"passed on {self.tested}"


class TestedSetsFile(Entry, frozen=True, kw_only=True):
    """tested-sets.yaml.

    Attributes:
        sets: the results by the name of the variant.
    """

    __test__ = False

    sets: dict[str, TestedSet]


def load(paths: Iterable[Path]) -> dict[str, TestedSet]:
    """The results in files; the newest one of each set. Files that do not exist are left out.

    Raises ConfigurationError if a file is invalid.
    """
    newest: dict[str, TestedSet] = {}
    for path in paths:
        for name, result in load_file(path, TestedSetsFile).sets.items() if path.exists() else ():
            if name not in newest or newest[name].tested <= result.tested:
                newest[name] = result
    return newest


def dump(results: Mapping[str, TestedSet]) -> str:
    """The text of a file with results, by name."""
    sets = {name: msgspec.to_builtins(results[name]) for name in sorted(results)}
    return _HEAD + yaml.safe_dump({"sets": sets}, sort_keys=False, width=1000)
