"""jinja2 as every template here is rendered."""

import shlex
from pathlib import Path

import jinja2


def environment(folder: Path, variable: tuple[str, str] = ("{{", "}}")) -> jinja2.Environment:
    """Renders the templates of a folder as plain text: no escaping, unknown names refused, line ends as written.

    `variable` are the signs around a value, for templates of what has braces of its own. The filter `quote` makes a
    value one word of a shell.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        variable_start_string=variable[0],
        variable_end_string=variable[1],
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - nothing here is HTML; values are checked when read, and quoted by filters
    )
    made.filters["quote"] = shlex.quote
    return made
