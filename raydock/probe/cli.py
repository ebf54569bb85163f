"""raydock-probe's command line: what it is asked, the table and the JSON that it answers with."""

import argparse
import json
import platform
import signal
import sys
from dataclasses import asdict
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Dict, Iterable, Iterator, Sequence, Tuple

from . import image as image_file
from .answer import FAILED, PASSED, SKIPPED, ProbeAnswer
from .catalogue import QUESTIONS, Question, of_image
from .image import Image
from .runner import ask

SCHEMA = 1
IMAGE_FILE = Path(__file__).resolve().parent.parent / "image.json"
DONE, A_CHECK_FAILED, BAD_USAGE = 0, 1, 2
_EXAMPLES = """\
examples:
  raydock-probe                               every check, as a table
  raydock-probe --json --check ray            one check, as one JSON document on stdout
  docker run --rm --gpus all --shm-size 1g IMAGE raydock-probe
                                              what works on this machine, and why not

exit status: 0 no check failed, 1 a check failed, 2 bad usage or no raydock image
"""


def main(arguments: Sequence[str], image_path: Path = IMAGE_FILE) -> int:
    """Asks the chosen checks of the image and prints their answers. Returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        image = image_file.load(image_path)
        chosen = choose(options.check, of_image(image))
    except (image_file.ImageFileError, KeyError, ValueError) as error:
        parser.error(str(error))
    answers = []
    for answer in _ask_all(image, chosen):
        answers.append(answer)
        if not options.json:
            print(row(answer), flush=True)
    if options.json:
        print(json.dumps(document(image, answers), indent=1))
    return A_CHECK_FAILED if any(answer.status == FAILED for answer in answers) else DONE


def choose(wanted: Sequence[str], offered: Sequence[Question]) -> Tuple[Question, ...]:
    """The questions of those ids, in their own order; all where none is named. Raises ValueError for an unknown id."""
    known = [question.id for question in offered]
    for name in wanted:
        if name not in known:
            alike = get_close_matches(name, known, n=1)
            hint = f"did you mean {alike[0]!r}?" if alike else f"there are {', '.join(known)}."
            raise ValueError(f"this image has no check {name!r}; {hint}")
    return tuple(question for question in offered if not wanted or question.id in wanted)


def document(image: Image, answers: Iterable[ProbeAnswer]) -> "dict[str, object]":
    """The JSON form of the answers; `python` is the running one's version, with its patch."""
    head = {"schema": SCHEMA, "name": image.name, "axes": image.axes, "python": platform.python_version()}
    return {**head, "checks": [asdict(answer) for answer in answers]}


def row(answer: ProbeAnswer) -> str:
    """One answer as a line of the table."""
    words = "; warning: ".join([answer.detail, *answer.warnings])
    return f"{answer.id:<10} {answer.status:<8} {answer.seconds:>6.1f} s  {words}"


def _ask_all(image: Image, chosen: Iterable[Question]) -> Iterator[ProbeAnswer]:
    passed: Dict[str, bool] = {}
    for question in chosen:
        if passed.get(question.after, True):
            print(f"asking {question.id}, at most {question.limit:g} s", file=sys.stderr, flush=True)
            answer = ask(question.id, partial(question.ask, image), question.limit)
        else:
            answer = ProbeAnswer(question.id, SKIPPED, f"not asked, as {question.after} did not pass", 0.0)
        passed[question.id] = answer.status == PASSED
        yield answer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raydock-probe",
        description="Asks this image whether all that it promises works here, as the user that runs this.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = ", ".join(question.id for question in QUESTIONS)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--check", action="append", default=[], metavar="ID", help=f"ask this only: {known}; repeatable"
    )
    return parser
