"""The last safety net: an exception that nothing handled becomes one line and a file, and never a traceback."""

import os
import platform
import re
import shlex
import sys
import tempfile
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

import click

from raydock import __version__
from raydock.core.checkout import Checkout

_LOGIN = re.compile(r"(?<=//)[^/@\s]+@")


def report(error: BaseException) -> None:
    """Saves an exception's traceback and says where it is and what to do with it."""
    name = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(": ")
    try:
        next_step = f"Next: report it where you got raydock, with {_save(_document(error))}, which holds the traceback."
    except OSError as trouble:  # the disk is full, for example: the line is all there is
        next_step = f"It was raised in {_place(error)}; no traceback could be saved: {trouble.strerror}."
    click.echo(f"raydock: a bug in raydock ended this command: {name}. {next_step}", err=True)


def in_thread(args: threading.ExceptHookArgs) -> None:
    """`threading.excepthook`: the same for a thread of its own, which ends no command."""
    if args.exc_value and not isinstance(args.exc_value, SystemExit):
        report(args.exc_value)


def _document(error: BaseException) -> str:
    """The traceback and what else a report needs, without the logins in addresses."""
    head = (
        f"raydock {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {shlex.join(sys.argv)}\n\n"
    )
    return _LOGIN.sub("***@", head + "".join(traceback.format_exception(error)))


def _save(text: str) -> Path:
    """Writes a report into the checkout's .raydock/logs/, or the folder for temporary files if that is not possible."""
    from raydock.cli.options import root

    checkout = Checkout(root())
    if checkout.matrix.is_file():
        with suppress(OSError):
            folder = checkout.work / "logs"
            folder.mkdir(parents=True, exist_ok=True)
            return _write(text, folder)
    return _write(text, Path(tempfile.gettempdir()))


def _write(text: str, folder: Path) -> Path:
    when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    descriptor, path = tempfile.mkstemp(dir=folder, prefix=f"raydock-crash-{when}-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return Path(path)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "no frame"
