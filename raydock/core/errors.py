"""Errors for users: what happened, why it matters, what to do next, and the exit code."""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum

from raydock.core.program import localize

_FEW = 24


class ExitCode(IntEnum):
    """Exit codes of every command; documented in docs/reference/exit-codes.md."""

    DONE = 0
    VARIANT_FAILED = 1
    BAD_INPUT = 2
    NOTHING_SELECTED = 3
    OUT_OF_REACH = 4
    REFUSED = 5
    BUG = 70
    INTERRUPTED = 130


class RaydockError(Exception):
    """An error with words for the user.

    `what` says what happened, in one sentence; `meaning`, where it is not plain, what follows from it;
    `todo` what to do next.
    """

    exit_code: ExitCode = ExitCode.VARIANT_FAILED

    def __init__(self, what: str, *, meaning: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.meaning = meaning
        self.todo = todo

    def __str__(self) -> str:
        lines = [self.what, self.meaning, f"Next: {self.todo}" if self.todo else ""]
        return localize("\n".join(line for line in lines if line))


class VariantError(RaydockError):
    """One variant could not be locked, built or tested; others go on."""


class HostError(RaydockError):
    """A host's own words cannot be understood, or no variant runs there."""


class ConfigurationError(RaydockError):
    """A file or an option that the user wrote is wrong."""

    exit_code = ExitCode.BAD_INPUT


class SelectionError(RaydockError):
    """No variant matches what was asked for."""

    exit_code = ExitCode.NOTHING_SELECTED


class OutOfReachError(RaydockError):
    """The engine, a registry, the package index or the disk cannot be used now."""

    exit_code = ExitCode.OUT_OF_REACH


class PolicyError(RaydockError):
    """A gate refused: a scan finding, an overwritten tag."""

    exit_code = ExitCode.REFUSED


def first_line(words: str, silent: str) -> str:
    """The first line of what another program said, to stand within a sentence; `silent` where it said nothing."""
    return (words.strip().splitlines() or [silent])[0][:300].rstrip(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known words most like `word`; where none is alike, all of them if they are few."""
    names = [str(name) for name in known]
    close = get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {close[0]!r}?"
    if len(names) > _FEW:
        return f"None of the {len(names)} known is like it."
    return "Known: " + ", ".join(names) + "." if names else "None is known."
