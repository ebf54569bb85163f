"""raydock-probe's command line: its options, and its output as a table or JSON."""

import argparse
import json
import platform
import signal
import sys
from dataclasses import asdict
from difflib import get_close_matches
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Dict, Iterable, Iterator, Sequence, Tuple

from . import image as image_file
from .answer import FAILED, PASSED, SKIPPED, ProbeAnswer
from .catalogue import CHECKS, ProbeCheck, checks_of_image
from .image import Image
from .runner import Task, run_checks

SCHEMA = 1
IMAGE_FILE = Path(__file__).resolve().parent.parent / "image.json"
DONE, A_CHECK_FAILED, BAD_USAGE = 0, 1, 2
_EXAMPLES = """\
examples:
  raydock-probe                               every check, as a table
  raydock-probe --json --check ray            one check, as one JSON document on stdout
  docker run --rm --gpus all --shm-size 1g IMAGE raydock-probe
                                              what works on this machine, and what fails and why

exit status: 0 no check failed, 1 a check failed, 2 bad usage or not a raydock image
"""


def main(arguments: Sequence[str], image_path: Path = IMAGE_FILE) -> int:
    """Run the requested checks of the image and print their results.

    Returns the exit status.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        image = image_file.load(image_path)
        checks = choose(options.check, checks_of_image(image))
    except (image_file.ImageFileError, KeyError, ValueError) as error:
        parser.error(str(error))
    answers = []
    for answer in _run_all(image, checks):
        answers.append(answer)
        if not options.json:
            print(row(answer), flush=True)
    if options.json:
        print(json.dumps(document(image, answers), indent=1))
    return A_CHECK_FAILED if any(answer.status == FAILED for answer in answers) else DONE


def choose(requested: Sequence[str], available: Sequence[ProbeCheck]) -> Tuple[ProbeCheck, ...]:
    """The requested checks, by id, in the order of `available`; all if none is.

    Raises ValueError if an id is unknown.
    """
    known = [check.id for check in available]
    for name in requested:
        if name not in known:
            similar = get_close_matches(name, known, n=1)
            hint = f"did you mean {similar[0]!r}?" if similar else f"its checks are {', '.join(known)}."
            raise ValueError(f"this image has no check {name!r}; {hint}")
    return tuple(check for check in available if not requested or check.id in requested)


def document(image: Image, answers: Iterable[ProbeAnswer]) -> "dict[str, object]":
    """The results as JSON.

    `python` is the version of the running Python, with its patch.
    """
    head = {"schema": SCHEMA, "name": image.name, "axes": image.axes, "python": platform.python_version()}
    return {**head, "checks": [asdict(answer) for answer in answers]}


def row(answer: ProbeAnswer) -> str:
    """A result as a line of the table."""
    text = "; warning: ".join([answer.detail, *answer.warnings])
    return f"{answer.id:<10} {answer.status:<8} {answer.seconds:>6.1f} s  {text}"


def _run_all(image: Image, checks: Iterable[ProbeCheck]) -> Iterator[ProbeAnswer]:
    passed: Dict[str, bool] = {}
    for _, shared in groupby(checks, lambda check: check.process or check.id):
        group = list(shared)
        after = group[0].after
        if passed.get(after, True):
            answers = run_checks([Task(check.id, partial(check.run, image), check.limit) for check in group])
        else:
            answers = (ProbeAnswer(check.id, SKIPPED, f"not run, because {after} did not pass", 0.0) for check in group)
        for answer in answers:
            passed[answer.id] = answer.status == PASSED
            yield answer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raydock-probe",
        description="Check that all that this image promises works here, as the user that runs this command.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = ", ".join(check.id for check in CHECKS)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--check", action="append", default=[], metavar="ID", help=f"run only this check: {known}; repeatable"
    )
    return parser
