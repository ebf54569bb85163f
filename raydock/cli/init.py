"""`init` and `migrate`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from raydock.cli.options import as_json, current_project, show, width
from raydock.core import texttable
from raydock.core.errors import ExitCode
from raydock.plan.output import count

if TYPE_CHECKING:
    from raydock.init.init import NewProject


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--need", "needs", multiple=True, metavar="PART", help="vllm, torch or ray. Repeatable.")
@click.option("--driver", default="", metavar="VERSION", help="The hosts' driver, such as 535.104.05.")
@click.option(
    "--gpu", "gpus", multiple=True, metavar="X.Y", help="A GPU's compute capability, such as 8.0. Repeatable."
)
@click.option("--python", default="", metavar="X.Y", help="3.11 or 3.13.")
@click.option("--ci", "system", type=click.Choice(["github", "gitlab"]), help="Also write a pipeline.")
@as_json
def init(folder: Path | None, system: str | None, as_json: bool, **options: Any) -> None:
    """Makes a project in FOLDER: matrix.yaml with comments, a Makefile, a JSON schema for editors, and facts.

    The matrix has the newest versions that the hosts can run, as `suggest` chooses them; without options, the newest
    Ray for the CPU. Needs no network. Files that exist are kept.

    \b
    Example: ./build.py init my-images
             ./build.py init my-images --driver 580.65.06 --gpu 9.0 --need vllm --ci github
    """
    from raydock.ci.pipelines import System
    from raydock.init.init import Initializer, ProjectOptions

    initializer = Initializer(options=ProjectOptions(**options), system=System(system) if system else None)
    project = initializer.create(folder or Path(click.get_current_context().find_root().params["folder"] or "."))
    show(_document(project), "\n".join(_lines(project)), as_json=as_json)


@click.command()
@as_json
def migrate(as_json: bool) -> None:
    """Reports what the project needs after a newer raydock was installed, and changes nothing.

    The exit code is 1 if there is something to do.

    \b
    Example: ./build.py migrate
    """
    from raydock.core.models import plain
    from raydock.init.migrate import migrations

    found = list(migrations(current_project()))
    lines = [f"{number}. {each.what}\n   Next: {each.todo}" for number, each in enumerate(found, 1)]
    text = "\n".join(lines) or "Nothing to do: this version works with the project as it is."
    show({"schema": 1, "migrations": [plain(each) for each in found]}, text, as_json=as_json)
    sys.exit(ExitCode.VARIANT_FAILED if found else ExitCode.DONE)


def _lines(project: "NewProject") -> list[str]:
    """The files, the variants and the next commands."""
    columns, root = width(), project.checkout.root
    lines = texttable.wrap(f"{root}: wrote {', '.join(project.written)}.", columns)
    lines += texttable.wrap(f"Kept: {', '.join(project.kept)}.", columns) if project.kept else []
    lines.append(f"{count(len(project.plan.variants), 'variant')}:")
    lines += [f"  {planned.name}" for planned in project.plan.variants]
    where = "" if root.resolve() == Path.cwd() else f" -C {shlex.quote(str(root))}"
    return [*lines, f"Next: `./build.py{where} images` builds and tests them."]


def _document(project: "NewProject") -> dict[str, Any]:
    """The document of `init --json`."""
    return {
        "schema": 1,
        "folder": str(project.checkout.root.resolve()),
        "written": list(project.written),
        "kept": list(project.kept),
        "variants": [planned.name for planned in project.plan.variants],
    }
