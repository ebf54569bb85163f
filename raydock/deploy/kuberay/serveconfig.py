"""A Ray Serve configuration file, checked before a cluster reads it."""

from pathlib import Path

import msgspec

from raydock.core.yamlfile import read


class ServeApplication(msgspec.Struct):
    """An application of Ray Serve, as far as raydock knows it.

    Attributes:
        import_path: the module and the name of the application in it.
    """

    import_path: str


class ServeConfig(msgspec.Struct):
    """A configuration of Ray Serve, as far as raydock knows it.

    Attributes:
        applications: the applications.
    """

    applications: tuple[ServeApplication, ...]


def load(path: Path) -> str:
    """Return the file's text.

    Raises ConfigurationError, with the line, if the file does not configure applications.
    """
    read(path).convert(ServeConfig)
    return path.read_text(encoding="utf-8")
