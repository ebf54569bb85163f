"""A Ray Serve configuration file, checked before a cluster reads it."""

from pathlib import Path

from raydock.core.yamlfile import read


def load(path: Path) -> str:
    """Return the file's text.

    Raises ConfigurationError, with the line, if the file does not configure applications.
    """
    top = read(path).items(required=("applications",))
    for entry in top["applications"].list():
        entry.items(required=("import_path",))["import_path"].text()
    return path.read_text(encoding="utf-8")
