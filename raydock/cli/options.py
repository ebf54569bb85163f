"""The options that most commands share, and the output that depends on them."""

import inspect
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console, RenderableType

from raydock.core.checkout import Checkout
from raydock.core.program import checkout, localize
from raydock.core.progress import Progress
from raydock.core.steps import Recorder, write_trace
from raydock.core.timeline import append_summary
from raydock.pipeline.project import Project
from raydock.plan import select
from raydock.plan.planner import Planned

if TYPE_CHECKING:
    from docker import DockerClient

# Columns of a table in a file or a CI log.
# The columns of a table without a terminal: no cell is folded.
_UNFOLDED = 10_000
_PADDING = re.compile(r" +$", re.MULTILINE)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def root() -> Path:
    """The folder with matrix.yaml.

    It is the one of -C, that of the variable RAYDOCK_ROOT, the nearest folder above the working directory that has a
    matrix.yaml, the checkout that contains this package, or the working directory.
    """
    context, here = click.get_current_context(silent=True), Path.cwd()
    option = context.find_root().params.get("folder") if context else None
    if named := option or os.environ.get("RAYDOCK_ROOT"):
        return Path(named).absolute()  # programs that run elsewhere get its paths
    nearest = next((folder for folder in (here, *here.parents) if (folder / "matrix.yaml").is_file()), None)
    return nearest or checkout() or here


def current_project() -> Project:
    """The checkout in `root`."""
    return Project(Checkout(root()))


def echo(text: RenderableType, *, stderr: bool = False) -> None:
    """Prints text or a table without markup.

    Its width is that of the terminal. Without a terminal, nothing is folded, and no line ends with spaces.
    """
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=isinstance(text, str))
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNFOLDED
    with console.capture() as printed:
        console.print(localize(text) if isinstance(text, str) else text)
    lines = printed.get()
    click.echo(lines if console.is_terminal else _PADDING.sub("", lines), nl=False, err=stderr, color=True)


def width() -> int | None:
    """The characters of a line on the terminal, or of COLUMNS; None if the output is a file or a pipe."""
    console = Console()
    return console.width if console.is_terminal or "COLUMNS" in os.environ else None


def show(document: object, *texts: RenderableType, as_json: bool) -> None:
    """Prints a document as JSON, or texts and tables instead."""
    if as_json:
        click.echo(json.dumps(document, indent=1, default=str))
        return
    for text in texts:
        echo(text)


def option_group(parameter: str, model: Callable[..., Any], *options: Decorator) -> Decorator:
    """A decorator that adds options to a command, which gets them as one value.

    parameter: the command's parameter for the value.
    model: makes the value; its parameters have the names of the options. One that the command does not have gets its
    default.
    options: the options in the order of the help text.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(*arguments: Any, **values: Any) -> Any:
            group = {name: values.pop(name) for name in inspect.signature(model).parameters if name in values}
            return command(*arguments, **values, **{parameter: model(**group)})

        decorated: Callable[..., Any] = run
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


@dataclass(frozen=True, kw_only=True)
class CommandRequest:
    """The values of the shared options.

    Attributes:
        project: the checkout with its matrix, facts and plan.
        names: the arguments: names of variants, or patterns.
        groups: the groups of --group.
        selectors: the values of --select.
        as_json: whether stdout gets one JSON document.
        jobs: how many variants are processed in parallel.
        quiet: whether only errors and the result are printed.
        verbose: 1 if the output of each step is printed, 2 if also the commands that are run; otherwise 0.
    """

    project: Project = field(init=False, default_factory=current_project)
    names: tuple[str, ...] = ()
    groups: tuple[str, ...]
    selectors: tuple[str, ...]
    as_json: bool
    jobs: int
    quiet: bool
    verbose: int

    @cached_property
    def chosen(self) -> tuple[Planned, ...]:
        """The selected variants; all variants without a selection.

        Prints which values of matrix.yaml no variant has, unless there are no variants, which is an error.
        """
        for line in self.project.plan.unused() if self.project.plan.variants and not self.quiet else ():
            click.echo(f"{self.project.plan.name}: no variant has {line}.", err=True)
        return select.select(self.project.plan, self.groups, self.selectors, self.names)

    @property
    def selects(self) -> bool:
        """Whether there is a selection."""
        return bool(self.names or self.groups or self.selectors)

    def echo(self, text: RenderableType) -> None:
        """Prints text unless --quiet is given.

        It goes to stdout, or to stderr if stdout gets a JSON document.
        """
        if not self.quiet:
            echo(text, stderr=self.as_json)

    def show(self, document: object, *texts: RenderableType) -> None:
        """Prints the command's result: a document with --json, otherwise texts."""
        show(document, *texts, as_json=self.as_json)

    def progress(self) -> Progress:
        return Progress(Console(stderr=True), quiet=self.quiet, verbose=bool(self.verbose))

    @contextmanager
    def recording(self, trace: Path | None) -> Iterator[Recorder]:
        """A progress display that keeps the steps.

        They are written to the file `trace` and, in GitHub Actions, to the job's summary, also if the run fails.
        """
        with self.progress() as progress:
            recorder = Recorder(progress)
            try:
                yield recorder
            finally:
                append_summary(recorder.steps)
                if trace:
                    write_trace(trace, recorder.steps)

    @contextmanager
    def writing(self, trace: Path | None = None) -> Iterator[Recorder]:
        """As `recording`, with the checkout locked for this run."""
        with locked(self.project), self.recording(trace) as recorder:
            yield recorder

    @contextmanager
    def swept_engine(self, trace: Path | None = None) -> Iterator[tuple["DockerClient", Recorder]]:
        """This engine, without the containers that earlier tests left behind, and as `recording`."""
        from raydock.engine.cleanup import sweep
        from raydock.engine.client import connect

        client = connect()
        sweep(client)
        with self.recording(trace) as recorder:
            yield client, recorder


def locked(project: Project) -> AbstractContextManager[None]:
    """The lock of a checkout for one run; a message on stderr says who holds it."""
    from raydock.core.workfolder import lock_checkout

    return lock_checkout(project.checkout, lambda message: click.echo(f"raydock: {message}", err=True))


def completed(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """A function that completes an argument: one of raydock/cli/completion.py, which few runs import."""

    def complete(_context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
        from raydock.cli import completion

        found: list[str] = getattr(completion, kind)(current_project(), start)
        return found

    return complete


# The argument of commands that select variants.
variants = click.argument("names", nargs=-1, metavar="[VARIANT]...", shell_complete=completed("variants"))
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, the rest on stderr.")
_SHARED = option_group(
    "request",
    CommandRequest,
    click.option(
        "--group",
        "groups",
        multiple=True,
        metavar="NAME,...",
        help="Groups of matrix.yaml. Repeatable.",
        callback=lambda _context, _option, values: tuple(name.strip() for value in values for name in value.split(",")),
        shell_complete=completed("groups"),
    ),
    click.option(
        "--select",
        "selectors",
        multiple=True,
        metavar="AXIS=GLOB,...",
        envvar="RAYDOCK_SELECT",
        help="Such as 'cuda=13.0,python=3.1*' or 'name=*-cpu'; ! negates. Repeatable.",
        show_envvar=True,
    ),
    as_json,
    click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Parallel variants."),
    click.option("-q", "--quiet", is_flag=True, help="Print only errors and the result."),
    click.option("-v", "--verbose", count=True, help="Print the engine and all output; -vv: also the commands run."),
)


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the shared options to a command, which gets them as one CommandRequest."""

    @wraps(command)
    def run(request: CommandRequest, **options: Any) -> Any:
        from raydock.cli.facts import read_missing

        _configure_logs(request)
        read_missing(request.project, quiet=request.quiet)
        return command(request, **options)

    return _SHARED(run)


class _LogHandler(logging.Handler):
    """Writes to the current sys.stderr, which the progress display replaces."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"raydock: {record.getMessage()}", err=True)


def _configure_logs(request: CommandRequest) -> None:
    """Shows warnings on stderr: with -v also information, with -vv the commands that are run, with -q only errors."""
    logger = logging.getLogger("raydock")
    logger.handlers = [_LogHandler()]
    logger.propagate = False
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    logger.setLevel(logging.ERROR if request.quiet else levels[min(request.verbose, 2)])


trace = click.option(
    "--trace",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write when each step ran, as a trace for Perfetto or chrome://tracing.",
)

forward_compat = click.option(
    "--forward-compat",
    is_flag=True,
    help="Accept data-centre GPUs with an older driver: docs/explanation/forward-compatibility.md.",
)
