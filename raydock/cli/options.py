"""The options that most commands share."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console, RenderableType

from raydock.core import logs
from raydock.core.checkout import Checkout
from raydock.core.program import checkout, localize
from raydock.core.progress import Progress
from raydock.pipeline.project import Project
from raydock.plan import select
from raydock.plan.planner import Planned

# Columns of a table in a file or a CI log.
LOG_WIDTH = 200


@dataclass(frozen=True, kw_only=True)
class CommandRequest:
    """The values of the shared options.

    Attributes:
        project: the checkout with its matrix, facts and plan.
        groups: the values of --group.
        selectors: the values of --select.
        as_json: whether stdout gets one JSON document.
        jobs: how many variants are processed in parallel.
        quiet: whether only errors are printed.
        verbose: whether the output of each step is printed.
    """

    project: Project
    groups: tuple[str, ...]
    selectors: tuple[str, ...]
    as_json: bool
    jobs: int
    quiet: bool
    verbose: bool

    @property
    def chosen(self) -> tuple[Planned, ...]:
        """The selected variants; all variants without a selection."""
        return select.select(self.project.plan, self.groups, self.selectors)

    def echo(self, text: RenderableType) -> None:
        """Prints text unless --quiet is given.

        It goes to stdout, or to stderr if stdout gets a JSON document.
        """
        if not self.quiet:
            echo(text, stderr=self.as_json)

    def progress(self) -> Progress:
        return Progress(Console(stderr=True), quiet=self.quiet, verbose=self.verbose)

    @contextmanager
    def writing(self) -> Iterator[Progress]:
        """A progress display, with the checkout locked for this run."""
        from raydock.core.checkoutlock import lock_checkout

        report = lambda message: click.echo(f"raydock: {message}", err=True)  # noqa: E731
        with lock_checkout(self.project.checkout, report), self.progress() as progress:
            yield progress


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the shared options to a command, which gets them as one CommandRequest."""

    @wraps(command)
    def run(**options: Any) -> Any:
        common = {key: options.pop(key) for key in ("groups", "selectors", "as_json", "jobs", "quiet", "verbose")}
        logs.configure(quiet=common["quiet"], verbose=common["verbose"])
        from raydock.cli.facts import read_missing

        project = Project(Checkout(root()))
        read_missing(project, quiet=common["quiet"])
        return command(CommandRequest(project=project, **common), **options)

    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Print the engine in use and all output of each step."),
        click.option("-q", "--quiet", is_flag=True, help="Print only errors."),
        click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Parallel variants."),
        click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, the rest on stderr."),
        click.option(
            "--select",
            "selectors",
            multiple=True,
            metavar="AXIS=GLOB,...",
            envvar="RAYDOCK_SELECT",
            help="Such as 'cuda=13.0,python=3.1*' or 'name=*-cpu'; ! negates. Repeatable.",
            show_envvar=True,
        ),
        click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of matrix.yaml. Repeatable."),
    ):
        run = option(run)
    return run


def echo(text: RenderableType, *, stderr: bool = False) -> None:
    """Prints text or a table without markup.

    Its width is that of the terminal, or LOG_WIDTH columns without a terminal.
    """
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=isinstance(text, str))
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = LOG_WIDTH
    console.print(localize(text) if isinstance(text, str) else text)


def root() -> Path:
    """The folder with matrix.yaml.

    It is RAYDOCK_ROOT, the checkout that contains this package, or the working directory.
    """
    variable = os.environ.get("RAYDOCK_ROOT")
    return Path(variable) if variable else checkout() or Path.cwd()
