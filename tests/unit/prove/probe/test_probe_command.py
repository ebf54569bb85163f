"""What the probe reads from programs of its own, whatever else they print."""

import json
import sys

import pytest

from raydock.prove.probe.answer import CheckError
from raydock.prove.probe.command import ANSWER, answer, start

DOCUMENT = {"counted": 1, "seen": [["0"]]}
LINE = f"print('{ANSWER}'.rstrip(), json.dumps({DOCUMENT!r}))"


def ask(*lines: str) -> object:
    return answer(start([sys.executable, "-c", "\n".join(["import json, os, sys", *lines])]), "a program")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("print('Welcome')", "print('bye')"),
        ("print('no newline', end='')", "print('no newline', end='')"),
        ("print('{\"counted\": 2}')", "print('[1, 2]')"),
        ("os.write(1, b'\\xff\\xfe\\x00')", "sys.stdout.flush(); os.write(1, b'\\xff')"),
        ("print('x' * 3000000)", "print('y' * 3000000, file=sys.stderr)"),
        (f"print('{ANSWER}5')", ""),
    ],
)
def test_other_output_does_not_disturb_the_answer(before: str, after: str) -> None:
    assert ask(before, LINE, after) == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "`a program` ended without its answer: no output"),
        ("print('hello')", "`a program` ended without its answer: hello"),
        (f"print('{ANSWER}not JSON')", "ended without its answer: raydock-answer: not JSON"),
        ("sys.exit(3)", "`a program` ended with exit status 3: no output"),
    ],
)
def test_a_program_without_an_answer(line: str, words: str) -> None:
    with pytest.raises(CheckError) as caught:
        ask(line)
    assert words in str(caught.value)
