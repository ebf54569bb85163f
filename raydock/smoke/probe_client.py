"""Run the probe in an image, and read its answers."""

import json
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from docker import DockerClient
from msgspec import structs

from raydock.core.errors import VariantError
from raydock.engine.container import (
    DEFAULT_OPTIONS,
    CommandResult,
    ContainerOptions,
    Limits,
    create_container,
    run_to_end,
)
from raydock.engine.streams import last_line, printable
from raydock.model.report import Check
from raydock.smoke import reports

PROBE = "raydock-probe"
SCHEMA = 1
# The start of the probe's document. The output of a sitecustomize may be before and after it, on the same line.
_DOCUMENT = re.compile(r'\{\s*"schema"\s*:')
_CANDIDATES = 100
_DETAIL = 4000


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How to run the probe in a container.

    Attributes:
        command: the command that runs it.
        archive: a tar with the probe, for an image that does not have it.
    """

    command: tuple[str, ...]
    archive: bytes = b""


OWN = Probe(command=(PROBE,))


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The document that the probe prints.

    Attributes:
        name: the variant's name in image.json.
        python: the version of the running Python, with its patch.
        checks: the results by the check's id.
    """

    name: str
    python: str
    checks: dict[str, Check]


def run_probe(
    client: DockerClient,
    image: str,
    checks: Sequence[str],
    on_line: Callable[[str], None],
    limits: Limits,
    *,
    options: ContainerOptions = DEFAULT_OPTIONS,
    probe: Probe = OWN,
    outputs: Path | None = None,
) -> Answers:
    """Run these checks of the probe in an image, or all.

    The image's ENTRYPOINT starts its own probe. The output of checks that fail is copied to the folder `outputs`.
    Raises VariantError if the probe does not answer.
    """
    command = [*probe.command, "--json", *(f"--check={check}" for check in checks)]
    options = replace(options, archive=probe.archive, by_entrypoint=probe == OWN)
    with create_container(client, image, command, limits, options) as container:
        ended = run_to_end(container, on_line, limits.probe)
        entrypoint = container.attrs["Config"]["Entrypoint"] if options.by_entrypoint else None
        answers = parse(ended.out)
        if answers and outputs:
            answers = replace(answers, checks=reports.save(container, answers.checks, outputs))
    if answers:
        return answers
    meaning, by_hand = _reason(ended, limits), f"--entrypoint {probe.command[0]} {image}"
    if entrypoint:
        started_by = shlex.join(entrypoint)
        meaning += f" The image's ENTRYPOINT `{started_by}` started it, as it starts every command of a user."
        by_hand = f"{image} {probe.command[0]}"
    raise VariantError(
        f"the probe of {image} ended with exit status {ended.status} and without an answer.",
        meaning=meaning,
        todo=f"run it by hand: docker run --rm --shm-size 1g {by_hand}",
    )


def parse(text: str) -> Answers | None:
    """Read the last document of the probe in the text; None if it has none."""
    starts = [match.start() for match in _DOCUMENT.finditer(text)][-_CANDIDATES:]
    return next(filter(None, (_document(text, start) for start in reversed(starts))), None)


def _document(text: str, start: int) -> Answers | None:
    try:
        document, _ = json.JSONDecoder().raw_decode(text, start)
        if document["schema"] != SCHEMA:
            return None
        checks = msgspec.convert(document["checks"], tuple[Check, ...])
        return Answers(
            name=printable(document["name"]),
            python=printable(document["python"]),
            checks={check.id: _limit(check) for check in checks},
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _limit(check: Check) -> Check:
    """The check with printable texts of limited length."""
    warnings = tuple(printable(warning)[:_DETAIL] for warning in check.warnings)
    return structs.replace(check, detail=printable(check.detail)[:_DETAIL], warnings=warnings)


def _reason(ended: CommandResult, limits: Limits) -> str:
    if not ended.in_time:
        return f"It was stopped after {limits.probe:g} s."
    if ended.out_of_memory:
        return f"The container used up its {limits.memory / 2**30:.3g} GiB of memory."
    line = last_line(ended.err, ended.out)
    return f"Its last line of output: {line}" if line else "It printed nothing."
