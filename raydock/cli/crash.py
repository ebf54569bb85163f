"""Reports an unhandled exception: a line on stderr and a file."""

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
    """Saves the traceback of an exception, and prints how to report the bug."""
    name = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(": ")
    try:
        next_step = f"Next: report it where you got raydock, with {_save(_document(error))}, which has the traceback."
    except OSError as os_error:  # for example, the disk is full
        next_step = f"It was raised in {_location(error)}; no traceback could be saved: {os_error.strerror}."
    click.echo(f"raydock: a bug in raydock ended this command: {name}. {next_step}", err=True)


def in_thread(args: threading.ExceptHookArgs) -> None:
    """The same as a `threading.excepthook`.

    An exception in a thread does not end the command.
    """
    if args.exc_value and not isinstance(args.exc_value, SystemExit):
        report(args.exc_value)


def _document(error: BaseException) -> str:
    """The traceback, versions, platform and command line, without credentials."""
    head = (
        f"raydock {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {shlex.join(sys.argv)}\n\n"
    )
    return _LOGIN.sub("***@", head + "".join(traceback.format_exception(error)))


def _save(text: str) -> Path:
    """Writes a report to .raydock/logs/, otherwise to the temporary folder."""
    from raydock.cli.options import root

    checkout = Checkout(root())
    if checkout.matrix.is_file():
        with suppress(OSError):
            folder = checkout.work / "logs"
            folder.mkdir(parents=True, exist_ok=True)
            return _write(text, folder)
    return _write(text, Path(tempfile.gettempdir()))


def _write(text: str, folder: Path) -> Path:
    timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    descriptor, path = tempfile.mkstemp(dir=folder, prefix=f"raydock-crash-{timestamp}-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return Path(path)


def _location(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "no frame"
