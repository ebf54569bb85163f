"""The command line: `raydock COMMAND`, in a checkout `./build.py COMMAND`, and how it ends."""

import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NoReturn

import click

from raydock import __version__
from raydock.cli import crash
from raydock.core.errors import ExitCode, OutOfReachError, RaydockError, first_line
from raydock.core.program import localize

COMMANDS = {
    "init": ("raydock.cli.init:init", "Make a project: matrix.yaml and what belongs to it."),
    "plan": ("raydock.cli.plan:plan", "Show which variants can exist, and why the others cannot."),
    "add": ("raydock.cli.add:add", "Add versions to matrix.yaml."),
    "suggest": ("raydock.cli.plan:suggest", "Suggest versions for a driver and GPUs."),
    "try-sets": ("raydock.cli.try_sets:try_sets", "Test the newest sets of versions, for `suggest`."),
    "facts": ("raydock.cli.facts:facts", "Read metadata of releases from the package index."),
    "lock": ("raydock.cli.lock:lock", "Pin every package of the variants, with hashes."),
    "render": ("raydock.cli.lock:render", "Render the Dockerfiles of the variants."),
    "build": ("raydock.cli.images:build", "Build the images of the variants."),
    "smoke": ("raydock.cli.smoke:smoke", "Test images by running Ray in them, on CPU or GPUs."),
    "scan": ("raydock.cli.scan:scan", "Scan images for vulnerabilities, secrets and licences."),
    "images": ("raydock.cli.images:images", "Lock, render, build and test: the main job."),
    "release": ("raydock.cli.release:release", "Do all steps from matrix.yaml to published images."),
    "publish": ("raydock.cli.publish:publish", "Push tested and scanned images to registries."),
    "verify": ("raydock.cli.publish:verify", "Compare a registry with its release."),
    "pick": ("raydock.cli.pick:pick", "Choose the image that a host can run."),
    "doctor": ("raydock.cli.doctor:doctor", "Find what is wrong with a Docker host."),
    "deploy": ("raydock.cli.deploy:deploy", "Write files that run an image: KubeRay or Docker."),
    "ci": ("raydock.cli.ci:ci", "Write CI pipelines, and do the work of their jobs."),
    "wheelhouse": ("raydock.cli.wheelhouse:wheelhouse", "Check a folder of wheels."),
    "migrate": ("raydock.cli.init:migrate", "Report what a project needs after an upgrade."),
    "clean": ("raydock.cli.images:clean", "Remove what runs leave behind."),
}


class LazyGroup(click.Group):
    """A click group that imports a command only when it is used; the list of commands needs no import.

    lazy: for each command, `MODULE:NAME` and its line in the list of commands.

    Source: click's documentation, "Lazily Loading Subcommands", read 2026-11-29.
    """

    def __init__(self, *arguments: Any, lazy: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lazy = lazy
        self.help = localize(self.help or "")

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.lazy[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        _localize(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Writes the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.lazy.items()])


def _localize(command: click.Command) -> None:
    """Localizes the help of a command and of its subcommands."""
    command.help = localize(command.help or "")
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        _localize(subcommand)


@click.group(
    cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="raydock")
@click.option(
    "-C",
    "folder",
    type=click.Path(exists=True, file_okay=False),
    help="The project's folder. Default: the nearest one with a matrix.yaml.",
)
def cli(folder: str | None) -> None:
    """Build, test and publish container images for Ray clusters on GPU hosts, from matrix.yaml.

    \b
    Start here:
      ./build.py plan                        which variants can exist
      ./build.py images --group quickstart   build and test two CPU images
    """


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
        _show_json(error.format_message(), ExitCode.BAD_INPUT)
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
        _show_json(known.what, known.exit_code, meaning=known.meaning, todo=known.todo)
        return known.exit_code
    crash.report(error)
    _show_json(f"a bug of raydock: {type(error).__name__}: {error}", ExitCode.BUG)
    return ExitCode.BUG


def _show_json(what: str, code: ExitCode, *, meaning: str = "", todo: str = "") -> None:
    """Prints an error as a document if --json is given (docs/reference/json.md)."""
    if "--json" in sys.argv[1:]:
        texts = {"what": localize(what), "meaning": localize(meaning), "todo": localize(todo)}
        click.echo(json.dumps({"schema": 1, "error": {**texts, "exit_code": code}}, indent=1))


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


if __name__ == "__main__":
    main()
