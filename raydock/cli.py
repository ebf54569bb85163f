"""The command line: `./build.py COMMAND`, and how it ends."""

import os
import signal
import sys
import warnings
from typing import NoReturn

import click

from raydock import __version__
from raydock.commands import ci, deploy, doctor, facts, files, images, pick, plan, publish, scan, suggest, wheelhouse
from raydock.errors import ExitCode, RaydockError


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
    files.lock,
    files.render,
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


def main() -> NoReturn:
    """Runs the command line and exits with the code that errors.py documents."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # At every request it would say what --insecure-registry allowed.
    warnings.filterwarnings("ignore", module="urllib3")
    try:
        cli(standalone_mode=False)
    except RaydockError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except OSError as error:
        if not error.strerror:  # not the operating system's: a client library's
            raise
        click.echo(f"{error.filename or 'The output'} cannot be used: {error.strerror}.", err=True)
        click.echo(
            "Next: see that it is there, its permissions and the room on its disk; then run this again.", err=True
        )
        sys.exit(ExitCode.OUT_OF_REACH)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. What was finished stays; run the same command again to go on.", err=True)
        sys.stdout.flush()
        # At once: a thread that waits for the network would keep the interpreter until its time limit.
        os._exit(ExitCode.INTERRUPTED)
    sys.exit(ExitCode.DONE)
