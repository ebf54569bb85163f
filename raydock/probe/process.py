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

# The variable that names the file to which a program of the probe writes its answer. Everything else that it and its
# libraries print, vllm's log among it, goes to a file of its own.
ANSWER = "RAYDOCK_ANSWER"
_PERIOD = 0.05


@dataclass(frozen=True)
class Program:
    """A program that a check started, the file with all that it prints, and the file for its answer (JSON)."""

    what: str
    process: "subprocess.Popen[bytes]"
    output: Path
    answers: Path

    def wait(self, seconds: Optional[float] = None) -> None:
        """Waits for its end. Raises CheckError, with the end of its output, if it fails or takes longer."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise self.error(f"still runs after {seconds:g} s") from None
        if status:
            raise self.error(f"ended with exit status {status}")

    def answer(self, seconds: Optional[float] = None) -> Any:
        """Its answer once it has ended. Raises CheckError, with the end of its output, if it fails or gives none."""
        self.wait(seconds)
        try:
            return json.loads(self.answers.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise self.error("ended without its answer") from None

    def error(self, trouble: str) -> CheckError:
        """What is wrong with it, in words: the end of its output, and the file that holds all of it."""
        return CheckError(f"`{self.what}` {trouble}; {self.output} ends: {outputs.end(self.output)}")


def launch(what: str, argv: Sequence[str], env: Optional[Dict[str, str]] = None) -> Program:
    """Starts a program; `what` names it to people, and its files. Raises CheckError if there is no such program."""
    name = "-".join("".join(letter if letter.isalnum() else " " for letter in what).split())
    output, answers = outputs.path(f"{name}.log"), outputs.path(f"{name}.json")
    environment = {**(os.environ if env is None else env), ANSWER: str(answers)}
    try:
        with output.open("wb") as file:
            process = subprocess.Popen(
                argv, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            )
    except OSError as error:
        raise CheckError(f"{argv[0]}: {os.strerror(error.errno or 0)}") from None
    return Program(what, process, output, answers)


def script(what: str, path: Path, *arguments: str, env: Optional[Dict[str, str]] = None) -> Program:
    """Starts one of the probe's own Python programs, which writes its answer to the file that ANSWER names."""
    return launch(what, [sys.executable, "-I", str(path), *arguments], env)


def gather(programs: Sequence[Program]) -> List[Any]:
    """The answers of programs that wait for each other: if one fails, the others are ended and its error is raised."""
    while None in (states := [program.process.poll() for program in programs]) and not any(states):
        time.sleep(_PERIOD)
    failed = [program for program in programs if program.process.returncode]
    for program in programs if failed else ():
        program.process.kill()
    for program in failed:
        program.wait()
    return [program.answer() for program in programs]


def start(argv: Sequence[str], env: Optional[Dict[str, str]] = None) -> "subprocess.Popen[str]":
    """Starts a command with its output kept apart. Raises CheckError if there is no such command."""
    try:
        return subprocess.Popen(
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise CheckError(f"{argv[0]}: {os.strerror(error.errno or 0)}") from None


def finish(process: "subprocess.Popen[str]", what: str) -> str:
    """A command's stdout once it has ended. Raises CheckError, with its last line, if it fails.

    All that a command that failed printed is kept in a file.
    """
    out, err = process.communicate()
    if process.returncode:
        words = (err.strip() or out.strip() or "no output").splitlines()[-1]
        with outputs.path("commands.log").open("a", encoding="utf-8") as file:
            file.write(f"$ {what}\n{out}{err}")
        raise CheckError(f"`{what}` ended with exit status {process.returncode}: {words}")
    return out.strip()


def output(*argv: str) -> str:
    """What a command prints. Raises CheckError if it fails."""
    return finish(start(argv), " ".join(argv))
