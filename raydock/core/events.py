"""What long work tells while it goes on."""

from typing import Protocol


class Listener(Protocol):
    """Hears what happens to which variant (or base); may be called from any thread."""

    def __call__(self, name: str, step: str, *, detail: str = "", size: int = 0) -> None:
        """`name` is now at `step`, a short phrase.

        `detail` is the newest line of the step's output, `size` the bytes moved by it so far; both where known.
        """


def silent(name: str, step: str, *, detail: str = "", size: int = 0) -> None:
    """A listener that does nothing."""
