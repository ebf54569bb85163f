"""raydock's command line in forked processes: they start fast, and tests can kill them."""

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


def started(arguments: tuple[str, ...], environment: Mapping[str, str], root: Path, folder: Path) -> BaseProcess:
    """Start a command on the checkout at `root`; its output is written to `out` and `err` in `folder`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_main, args=(arguments, dict(environment), str(root), str(folder)))
    process.start()
    return process


def run(
    arguments: tuple[str, ...], environment: Mapping[str, str], root: Path, folder: Path, seconds: float = 60
) -> Run:
    """Run a command to its end."""
    folder.mkdir(exist_ok=True)
    process = started(arguments, environment, root, folder)
    process.join(seconds)
    assert process.exitcode is not None, f"{arguments} did not end within {seconds} s"
    return Run(process.exitcode, (folder / "out").read_text(), (folder / "err").read_text())


def _main(arguments: tuple[str, ...], environment: dict[str, str], root: str, folder: str) -> None:
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.environ.clear()
    os.environ.update(environment, RAYDOCK_ROOT=root, COLUMNS="200", NO_COLOR="1")
    sys.argv = ["build.py", *arguments]
    from raydock.__main__ import main

    main()
