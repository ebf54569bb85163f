"""Why an engine cannot start a container, as errors (data/start-failures.yaml)."""

import re

from raydock.core.errors import RaydockError, VariantError
from raydock.core.models import Dated, Entry
from raydock.core.yamlfile import shipped

_IMAGE_TODO = "build it with `./build.py build`; for an image that raydock did not build, set --python."


class GrantError(RaydockError):
    """The engine could not give a container its GPUs."""


class StartFailure(Entry, frozen=True, kw_only=True):
    """A message of the engine, what it means, and what to do about it.

    Attributes:
        message: a regular expression for the message.
        what: what happened; {0} is the expression's first group.
        todo: what to do next.
    """

    message: re.Pattern[str]
    what: str
    todo: str = _IMAGE_TODO


class StartFailures(Dated, frozen=True, kw_only=True):
    """The known messages.

    Attributes:
        gpus: those about GPUs.
        images: those about an image's own files, user or folders.
    """

    gpus: tuple[StartFailure, ...]
    images: tuple[StartFailure, ...]


def refusal(message: str) -> GrantError | None:
    """The error for an engine's message; None if the message is not about GPUs."""
    for failure in _known().gpus:
        if match := failure.message.search(message):
            meaning = f"The engine answered: {message.strip().splitlines()[-1][:400]}"
            return GrantError(failure.what.format(*match.groups()), meaning=meaning, todo=failure.todo)
    return None


def start_failure(message: str, image: str, program: str) -> VariantError | None:
    """The error for a container that cannot start because of its image.

    None for other causes.

    `message`: the engine's message; `program`: the first word of the container's command.
    """
    for failure in _known().images:
        if match := failure.message.search(message):
            what = failure.what.format(*match.groups(), image=image, program=program)
            meaning = f"The engine answered: {message.strip().splitlines()[-1][-400:]}"
            return VariantError(what, meaning=meaning, todo=failure.todo)
    return None


def _known() -> StartFailures:
    return shipped("engine/data/start-failures.yaml", StartFailures)
