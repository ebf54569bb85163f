"""Errors for users, with a message, the next step and an exit code."""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum

from raydock.core.program import localize

_LONG = 300  # characters
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
    """An error with a message for the user.

    Attributes:
        what: what happened, in one sentence.
        meaning: why it matters, if that is not obvious; may be empty.
        todo: the command or edit that fixes it; may be empty.
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
    """One variant could not be locked, built or tested; the others continue."""


class NotBuiltError(VariantError):
    """The engine does not have the images of variants.

    Attributes:
        names: the names of the variants.
        command: the command that makes the images.
    """

    def __init__(self, *names: str, command: str) -> None:
        subject = f"{names[0]} is" if len(names) == 1 else f"{len(names)} variants are"
        listing = "" if len(names) == 1 else f": {', '.join(names)}"
        super().__init__(
            f"{subject} not built on this engine{listing}.", todo=f"`./build.py {command} {' '.join(names)}`."
        )
        self.names = names
        self.command = command


class HostError(RaydockError):
    """The output of a host cannot be parsed, or no variant runs on that host."""


class ConfigurationError(RaydockError):
    """A file or an option of the user is invalid."""

    exit_code = ExitCode.BAD_INPUT


class SelectionError(RaydockError):
    """No variant matches the selection."""

    exit_code = ExitCode.NOTHING_SELECTED


class OutOfReachError(RaydockError):
    """The engine, a registry, the package index or the disk cannot be used now."""

    exit_code = ExitCode.OUT_OF_REACH


class PolicyError(RaydockError):
    """A policy refused something, such as a scan finding or an overwritten tag."""

    exit_code = ExitCode.REFUSED


def first_line(output: str, default: str) -> str:
    """The first line of a program's output, for use in a sentence; of a long line its start and its end.

    `default` if the output is empty. A chain of Go's errors ends with its cause.
    """
    line = (output.strip().splitlines() or [default])[0].rstrip(".")
    return line if len(line) <= _LONG else f"{line[: _LONG // 2]} ... {line[-_LONG // 2 :]}"


def similar(name: str, known: Iterable[str]) -> str:
    """A hint with the known name most similar to `name`; empty if none is similar."""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the known name most similar to `name`.

    If none is similar, a list of all names, if they are few.
    """
    names = [str(known_name) for known_name in known]
    if hint := similar(name, names):
        return hint
    if len(names) > _FEW:
        return f"No similar name among the {len(names)} known ones."
    return "Known: " + ", ".join(names) + "." if names else "No name is known."
