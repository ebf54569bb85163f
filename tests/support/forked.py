"""raydock's command line in processes forked from one that has imported it: soon there, and as easily killed."""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.support.toy import Run

_PRELOADED = [
    "raydock.__main__",
    "raydock.publish.assemble",
    "raydock.publish.output",
    "raydock.publish.verify",
    "tests.support.forked",
]


def started(words: tuple[str, ...], environment: Mapping[str, str], root: Path, said: Path) -> BaseProcess:
    """A command on the checkout at `root`, running; what it says goes into `out` and `err` in the folder `said`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_main, args=(words, dict(environment), str(root), str(said)))
    process.start()
    return process


def run(words: tuple[str, ...], environment: Mapping[str, str], root: Path, said: Path, seconds: float = 60) -> Run:
    """A command's answer."""
    said.mkdir(exist_ok=True)
    process = started(words, environment, root, said)
    process.join(seconds)
    assert process.exitcode is not None, f"{words} did not end within {seconds} s"
    return Run(process.exitcode, (said / "out").read_text(), (said / "err").read_text())


def _main(words: tuple[str, ...], environment: dict[str, str], root: str, said: str) -> None:
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{said}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.environ.clear()
    os.environ.update(environment, RAYDOCK_ROOT=root, COLUMNS="200", NO_COLOR="1")
    sys.argv = ["build.py", *words]
    from raydock.__main__ import main

    main()
