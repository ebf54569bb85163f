"""Templates: their files in one or more folders, and the jinja2 environment that renders every template."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from raydock.core.files import files_below

if TYPE_CHECKING:
    import jinja2

Delimiters = tuple[str, str]
_BRACES: Delimiters = ("{{", "}}")


@dataclass(frozen=True)
class Templates:
    """Template files. Each comes from the first folder that has a file of its name.

    Attributes:
        folders: the folders, such as a project's own and raydock's.
    """

    folders: tuple[Path, ...]

    def path(self, name: str) -> Path:
        """The path of a file, by its path in a folder. A file that no folder has is one of the last folder."""
        paths = [folder / name for folder in self.folders]
        return next((path for path in paths if path.is_file()), paths[-1])

    def files(self, name: str) -> dict[str, Path]:
        """The files in a folder of the folders, by their paths below it."""
        files: dict[str, Path] = {}
        for folder in reversed(self.folders):
            files |= files_below(folder / name)
        return dict(sorted(files.items()))

    def environment(self, name: str = "", variable: Delimiters = _BRACES) -> "jinja2.Environment":
        """The jinja2 environment of a folder of the folders: see `environment`."""
        return environment(*(folder / name for folder in self.folders), variable=variable)


def environment(*folders: Path, variable: Delimiters = _BRACES) -> "jinja2.Environment":
    """An environment for the plain-text templates of folders.

    It does not escape values. Undefined names are errors.

    variable: the delimiters around a value, for templates of files that use braces themselves.
    The filter `quote` quotes a value for a shell.
    """
    import jinja2

    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
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
