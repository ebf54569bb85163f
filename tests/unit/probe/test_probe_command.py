"""The answers of the probe's programs, and the output of failed ones."""

import sys
from pathlib import Path

import pytest

from raydock.probe import outputs
from raydock.probe.answer import CheckError
from raydock.probe.process import Program, finish, gather, launch, start

DOCUMENT = {"counted": 1, "seen": [["0"]]}
LINE = f"pathlib.Path(os.environ['RAYDOCK_ANSWER']).write_text(json.dumps({DOCUMENT!r}))"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for the output of the programs."""
    monkeypatch.setenv("RAYDOCK_OUTPUT", str(tmp_path))
    return tmp_path


def program(*lines: str, what: str = "a program") -> Program:
    return launch(what, [sys.executable, "-c", "\n".join(["import json, os, pathlib, sys, time", *lines])])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("print('Welcome')", "print('bye')"),
        ("print('no newline', end='')", "print('no newline', end='')"),
        ("print('{\"counted\": 2}')", "print('[1, 2]')"),
        ("os.write(1, b'\\xff\\xfe\\x00')", "sys.stdout.flush(); os.write(1, b'\\xff')"),
        ("print('x' * 3000000)", "print('y' * 3000000, file=sys.stderr)"),
        ("print([16, 16])", "print('INFO: Shutting down FastAPI HTTP server.')"),
    ],
)
def test_output_does_not_change_the_answer(before: str, after: str) -> None:
    assert program(before, LINE, after).answer() == DOCUMENT


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "`a program` ended without an answer; {log} ends: no output"),
        (["print('hello')"], "`a program` ended without an answer; {log} ends: hello"),
        (["print('one'); print('two', file=sys.stderr); sys.exit(3)"], "ended with exit status 3; {log} ends: "),
        ([LINE.replace("json.dumps(", "'half' + str("), "print('cut')"], "without an answer; {log} ends: cut"),
        ([LINE, "print('late', flush=True)", "os.abort()"], "ended with exit status -6; {log} ends: late"),
    ],
)
def test_a_program_without_an_answer_is_quoted_and_its_output_kept(
    folder: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(CheckError) as caught:
        program(*lines).answer()
    assert message.format(log=folder / "a-program.log") in str(caught.value)


def test_a_program_that_takes_too_long_is_quoted() -> None:
    with pytest.raises(CheckError, match=r"still runs after 5 s; .* ends: loading"):
        program("print('loading', flush=True)", "time.sleep(60)").wait(5)


def test_the_last_lines_of_long_output_are_quoted_and_the_file_has_all(folder: Path) -> None:
    with pytest.raises(CheckError) as caught:
        program("for number in range(20000): print('line', number)", "sys.exit(1)").answer()
    assert "ends: line 19988 / " in str(caught.value)
    assert str(caught.value).endswith("line 19999")
    assert (folder / "a-program.log").read_text().startswith("line 0\n")


def test_the_error_names_the_program_that_failed_and_the_others_are_killed() -> None:
    waiting = program("time.sleep(60)", what="rank 0")
    with pytest.raises(CheckError, match="`rank 1` ended with exit status 7"):
        gather([waiting, program("sys.exit(7)", what="rank 1")])
    assert waiting.process.wait(10) == -9


def test_the_answers_of_all_programs_are_gathered() -> None:
    assert gather([program(LINE, what=f"rank {rank}") for rank in range(2)]) == [DOCUMENT, DOCUMENT]


def test_the_output_of_a_failed_command_is_kept(folder: Path) -> None:
    with pytest.raises(CheckError, match="`sh` ended with exit status 4: last"):
        finish(start(["sh", "-c", "echo out; echo first >&2; echo last >&2; exit 4"]), "sh")
    assert (folder / "commands.log").read_text() == "$ sh\nout\nfirst\nlast\n"


def test_a_folder_without_output_is_removed(tmp_path: Path) -> None:
    kept = tmp_path / "x"
    kept.mkdir()
    (kept / "check.log").touch()
    assert outputs.keep(kept) == ""
    assert not kept.exists()
