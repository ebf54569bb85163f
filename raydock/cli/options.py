"""The options that most commands share, and what they ask for."""

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

# Columns of a table in a file or a CI log, which have no width of their own.
LOG_WIDTH = 200


@dataclass(frozen=True, kw_only=True)
class CommandRequest:
    """What the options that most commands share ask for."""

    project: Project
    groups: tuple[str, ...]
    selectors: tuple[str, ...]
    as_json: bool
    jobs: int
    quiet: bool
    verbose: bool

    @property
    def chosen(self) -> tuple[Planned, ...]:
        """The selected variants; all of them where nothing was selected."""
        return select.select(self.project.plan, self.groups, self.selectors)

    def say(self, words: RenderableType) -> None:
        """Words for a person: on stdout, or on stderr where stdout is for a JSON document."""
        if not self.quiet:
            say(words, stderr=self.as_json)

    def progress(self) -> Progress:
        return Progress(Console(stderr=True), quiet=self.quiet, verbose=self.verbose)

    @contextmanager
    def writing(self) -> Iterator[Progress]:
        """Progress, with the checkout held for this run alone."""
        from raydock.core.checkoutlock import lock_checkout

        report = lambda message: click.echo(f"raydock: {message}", err=True)  # noqa: E731
        with lock_checkout(self.project.checkout, report), self.progress() as progress:
            yield progress


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the shared options, as one Request."""

    @wraps(command)
    def run(**options: Any) -> Any:
        common = {key: options.pop(key) for key in ("groups", "selectors", "as_json", "jobs", "quiet", "verbose")}
        logs.configure(quiet=common["quiet"], verbose=common["verbose"])
        from raydock.cli.facts import read_missing

        project = Project(Checkout(root()))
        read_missing(project, quiet=common["quiet"])
        return command(CommandRequest(project=project, **common), **options)

    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Say which engine is used, and every line of a step."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Variants side by side."),
        click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, all else on stderr."),
        click.option(
            "--select",
            "selectors",
            multiple=True,
            metavar="AXIS=GLOB,...",
            envvar="RAYDOCK_SELECT",
            help="As in 'cuda=13.0,python=3.1*' or 'name=*-cpu'; ! negates. Repeatable.",
            show_envvar=True,
        ),
        click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of matrix.yaml. Repeatable."),
    ):
        run = option(run)
    return run


def say(words: RenderableType, *, stderr: bool = False) -> None:
    """Words for a person, as wide as the terminal, or wide enough to read in a file; brackets in them are brackets."""
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=isinstance(words, str))
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = LOG_WIDTH
    console.print(localize(words) if isinstance(words, str) else words)


def root() -> Path:
    """The folder with matrix.yaml: RAYDOCK_ROOT, the checkout that holds this package, or the working directory."""
    named = os.environ.get("RAYDOCK_ROOT")
    return Path(named) if named else checkout() or Path.cwd()
