"""Commands that a check runs."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from . import outputs
from .answer import CheckError

# The variable that names the file to which a program of the probe writes its answer. All that the program and its
# libraries print, such as vllm's log, goes to a separate file.
ANSWER = "RAYDOCK_ANSWER"
_PERIOD = 0.05


@dataclass(frozen=True)
class Program:
    """A program that a check started.

    Attributes:
        what: its name in messages.
        process: its process.
        output: the file with all that it prints.
        answers: the file for its answer, as JSON.
    """

    what: str
    process: "subprocess.Popen[bytes]"
    output: Path
    answers: Path

    def wait(self, seconds: Optional[float] = None) -> None:
        """Wait for its end.

        Raises CheckError, with the end of its output, if it fails or takes longer.
        """
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise self.error(f"still runs after {seconds:g} s") from None
        if status:
            raise self.error(f"ended with exit status {status}")

    def answer(self, seconds: Optional[float] = None) -> Any:
        """Wait for its end, and return its answer.

        Raises CheckError, with the end of its output, if it fails or writes no answer.
        """
        self.wait(seconds)
        try:
            return json.loads(self.answers.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise self.error("ended without an answer") from None

    def error(self, problem: str) -> CheckError:
        """An error with the problem, the output file, and the end of the output."""
        return CheckError(f"`{self.what}` {problem}; {self.output} ends: {outputs.read_end(self.output)}")


def launch(what: str, argv: Sequence[str], env: Optional[Dict[str, str]] = None) -> Program:
    """Start a program; `what` is its name in messages and file names.

    Raises CheckError if the program does not exist.
    """
    name = "-".join("".join(letter if letter.isalnum() else " " for letter in what).split())
    output, answers = outputs.path(f"{name}.log"), outputs.path(f"{name}.json")
    environment = {**(os.environ if env is None else env), ANSWER: str(answers)}
    with output.open("wb") as file:
        process = _popen(argv, environment, stdout=file, stderr=subprocess.STDOUT)
    return Program(what, process, output, answers)


def start_script(what: str, path: Path, *arguments: str, env: Optional[Dict[str, str]] = None) -> Program:
    """Start a Python program of the probe, which writes an answer."""
    return launch(what, [sys.executable, "-I", str(path), *arguments], env)


def gather(programs: Sequence[Program]) -> List[Any]:
    """Wait for programs that wait for each other, and return their answers.

    Raises CheckError if one fails, after all the others are killed.
    """
    while None in (states := [program.process.poll() for program in programs]) and not any(states):
        time.sleep(_PERIOD)
    failed = [program for program in programs if program.process.returncode]
    for program in programs if failed else ():
        program.process.kill()
    for program in failed:
        program.wait()
    return [program.answer() for program in programs]


def start(argv: Sequence[str], env: Optional[Dict[str, str]] = None) -> "subprocess.Popen[str]":
    """Start a command with stdout and stderr in separate pipes.

    Raises CheckError if the command does not exist.
    """
    return _popen(argv, env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")


def _popen(argv: Sequence[str], env: Optional[Dict[str, str]], **options: Any) -> "subprocess.Popen[Any]":
    try:
        return subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, **options)
    except OSError as error:
        raise CheckError(f"{argv[0]}: {os.strerror(error.errno or 0)}") from None


def finish(process: "subprocess.Popen[str]", what: str) -> str:
    """Wait for a command, and return its stdout.

    Raises CheckError, with the last line of its output, if it fails. All its output is then kept in a file.
    """
    out, err = process.communicate()
    if process.returncode:
        last_line = (err.strip() or out.strip() or "no output").splitlines()[-1]
        with outputs.path("commands.log").open("a", encoding="utf-8") as file:
            file.write(f"$ {what}\n{out}{err}")
        raise CheckError(f"`{what}` ended with exit status {process.returncode}: {last_line}")
    return out.strip()


def capture(*argv: str, env: Optional[Dict[str, str]] = None) -> str:
    """Run a command and return its stdout. Raises CheckError if it fails."""
    return finish(start(argv, env), " ".join(argv))
