"""The jinja2 environment that renders every template."""

import shlex
from pathlib import Path

import jinja2


def environment(folder: Path, variable: tuple[str, str] = ("{{", "}}")) -> jinja2.Environment:
    """An environment for the plain-text templates of a folder.

    It does not escape values. Undefined names are errors.

    variable: the delimiters around a value, for templates of files that use braces themselves.
    The filter `quote` quotes a value for a shell.
    """
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        variable_start_string=variable[0],
        variable_end_string=variable[1],
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        autoescape=False,  # noqa: S701 - nothing here is HTML; values are checked when read, and quoted by filters
    )
    jinja.filters["quote"] = shlex.quote
    return jinja
