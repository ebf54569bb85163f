"""Write docs/reference/cli.md from the click commands and their options.

.venv/bin/python -m tools.cli_reference [--check]
"""

import re
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from textwrap import dedent

import click

from raydock.__main__ import cli

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
PROGRAM = "./build.py"

_HEAD = """\
# Command line

Written by `.venv/bin/python -m tools.cli_reference`; `make check` fails if it is out of date.

An installed raydock has the command `raydock` in place of `./build.py`. Exit codes: [exit-codes.md](exit-codes.md).
Documents of `--json`: [json.md](json.md).
"""
# click's marker for a paragraph whose lines are kept.
_VERBATIM = "\b\n"


def page() -> str:
    """Return the text of the page."""
    return "\n".join([_HEAD, *(_section(name, command) for name, command in commands(cli))])


def commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every runnable command of a group with its full name, in the order of --help."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"{PROGRAM} {name}")
    usage = " ".join([PROGRAM, name, *command.collect_usage_pieces(context)])
    return "\n".join([f"## {name}\n", f"Usage: `{usage}`\n", *_description(command.help or ""), *_options(context)])


def _description(text: str) -> Iterator[str]:
    """Yield the paragraphs of a command's help, the example as code."""
    for paragraph in cleandoc(text).split("\n\n"):
        if paragraph.startswith(_VERBATIM):
            first, _, rest = paragraph.removeprefix(_VERBATIM).partition("\n")
            example = "\n".join(filter(None, [first.removeprefix("Example: "), dedent(rest).rstrip()]))
            yield f"Example:\n\n```\n{example}\n```\n"
        else:
            yield f"{_escaped(' '.join(paragraph.split()))}\n"


def _options(context: click.Context) -> Iterator[str]:
    """Yield the lines of the table of a command's options, in the order of --help."""
    yield "| option | |\n|---|---|"
    for parameter in context.command.params:  # without --help, which every command has
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record:
            option, meaning = record
            cell = option.replace("|", r"\|")
            yield f"| `{cell}` | {_escaped(' '.join(meaning.split()))} |"
    yield ""


def _escaped(text: str) -> str:
    """Escape Markdown markup in a text, except `code`."""
    parts = re.split(r"(`[^`]*`)", text)
    plain = [re.sub(r"([*<|\[\]])", r"\\\1", part) if index % 2 == 0 else part for index, part in enumerate(parts)]
    return "".join(plain)


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the page is out of date.")
def main(*, check: bool) -> None:
    """Write docs/reference/cli.md."""
    if not check:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        raise click.ClickException(
            "docs/reference/cli.md is out of date.\nNext: run `.venv/bin/python -m tools.cli_reference`."
        )


if __name__ == "__main__":
    main()
