"""The interface through which long tasks report their progress."""

from typing import Protocol


class Listener(Protocol):
    """Receives the progress of variants and bases; may be called from any thread."""

    def __call__(self, name: str, step: str, *, detail: str = "", size: int = 0) -> None:
        """Reports the current step of a variant or base.

        name: the variant or base.
        step: the step, as a short phrase.
        detail: the newest line of the step's output; empty if unknown.
        size: the bytes that the step has transferred so far; 0 if unknown.
        """


def silent(name: str, step: str, *, detail: str = "", size: int = 0) -> None:
    """A listener that does nothing."""
