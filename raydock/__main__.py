"""The command line: `raydock COMMAND`, in a checkout `./build.py COMMAND`, and how it ends."""

import os
import signal
import sys
import threading
import warnings
from typing import NoReturn

import click

from raydock import __version__
from raydock.cli import ci, crash, deploy, doctor, facts, images, lock, pick, plan, publish, scan, suggest, wheelhouse
from raydock.core.errors import ExitCode, OutOfReachError, RaydockError, first_line
from raydock.core.program import localize


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="raydock")
def cli() -> None:
    """Builds, proves and ships container images for Ray clusters on GPUs, from matrix.yaml.

    \b
    Start here:
      ./build.py plan                        what can exist, and why the rest cannot
      ./build.py images --group quickstart   lock, render, build and prove two CPU images
    """


for command in (
    plan.plan,
    facts.facts,
    suggest.suggest,
    lock.lock,
    lock.render,
    images.build,
    images.smoke,
    scan.scan,
    images.images,
    images.clean,
    publish.publish,
    publish.verify,
    pick.pick,
    doctor.doctor,
    deploy.deploy,
    ci.ci,
    wheelhouse.wheelhouse,
):
    cli.add_command(command)


def _localize(command: click.Command) -> None:
    """Names the commands that work here in the help of a command and of those below it."""
    command.help = localize(command.help or "")
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _localize(below)


_localize(cli)


def main() -> NoReturn:
    """Runs the command line and exits with the code that errors.py documents; no traceback is ever printed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.excepthook = crash.in_thread
    # At every request it would say what --insecure-registry allowed; and which credential helper is missing.
    warnings.filterwarnings("ignore", module="urllib3|docker")
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. What was finished stays; run the same command again to go on.", err=True)
        sys.stdout.flush()
        _leave(ExitCode.INTERRUPTED)
    except Exception as error:  # the last safety net
        sys.exit(_explain(error))
    sys.exit(ExitCode.DONE)


def _explain(error: Exception) -> ExitCode:
    """Says what ended a command; returns its exit code."""
    known = error if isinstance(error, RaydockError) else _translated(error)
    if known:
        click.echo(str(known), err=True)
        return known.exit_code
    crash.report(error)
    return ExitCode.BUG


def _translated(error: Exception) -> RaydockError | None:
    """The error for an exception of the engine's client or of the operating system that no caller translated."""
    from docker.errors import DockerException

    from raydock.engine.errors import ENGINE_ERRORS, interrupted

    if isinstance(error, OSError) and error.strerror:  # one without is a client library's
        return OutOfReachError(
            f"{error.filename or 'The output'} cannot be used: {error.strerror}.",
            todo="check that it exists, its permissions and the room on its disk; then run this again.",
        )
    if isinstance(error, DockerException):
        return interrupted(error, "it was being used")
    if not isinstance(error, ENGINE_ERRORS):
        return None
    return OutOfReachError(
        f"a server went away: {first_line(str(error), type(error).__name__)}.",
        todo="check the network and the proxies (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), then run this again.",
    )


def _leave(code: ExitCode) -> NoReturn:
    """Ends at once: a thread that waits for the network would keep the interpreter until its time limit."""
    if engine := sys.modules.get("raydock.engine.client"):
        engine.disconnect()
    os._exit(code)
