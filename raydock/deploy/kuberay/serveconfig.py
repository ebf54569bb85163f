"""A Ray Serve configuration file, looked at before a cluster does."""

from pathlib import Path

from raydock.core.yamlentry import read


def load(path: Path) -> str:
    """The file's text. Raises ConfigurationError, with its place, where it is no configuration of applications."""
    top = read(path).items(required=("applications",))
    for entry in top["applications"].list():
        entry.items(required=("import_path",))["import_path"].text()
    return path.read_text(encoding="utf-8")
