"""The interface through which long tasks report their progress."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from raydock.core.errors import RaydockError

# The step of a variant until one of the run's jobs has time for it.
WAITING = "waiting for a job"


@dataclass(frozen=True, kw_only=True)
class Span:
    """When a step ran.

    Attributes:
        began: its start, in seconds since 1970.
        seconds: how long it took, in seconds.
    """

    began: float
    seconds: float

    @classmethod
    def since(cls, began: float) -> "Span":
        """The span from `began`, in seconds since 1970, to now."""
        return cls(began=began, seconds=time.time() - began)


class Listener(Protocol):
    """Receives the progress of variants and bases; may be called from any thread."""

    def __call__(
        self, name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
    ) -> None:
        """Reports a step of a variant or base.

        name: the variant or base.
        step: the step, as a short phrase.
        detail: the newest line of the step's output; empty if unknown.
        size: the bytes that the step has transferred so far; 0 if unknown.
        ran: when it ran, if it has ended; otherwise it is the current step.
        final: whether the work on it has ended; `step` is then the result.
        """


def silent(
    name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
) -> None:
    """A listener that does nothing."""


def queue(listener: Listener, names: Iterable[str]) -> float:
    """Reports names as waiting for a job; returns the time, in seconds since 1970."""
    for name in names:
        listener(name, WAITING)
    return time.time()


@contextmanager
def job(listener: Listener, name: str, step: str) -> Iterator[None]:
    """As `timed`; if the block raises a RaydockError, the result is reported as `failed`."""
    try:
        with timed(listener, name, step):
            yield
    except RaydockError:
        listener(name, "failed", final=True)
        raise


@contextmanager
def timed(listener: Listener, name: str, step: str) -> Iterator[None]:
    """Reports a step as the current one, and when it ran after the block."""
    began = time.time()
    listener(name, step)
    try:
        yield
    finally:
        listener(name, step, ran=Span.since(began))
