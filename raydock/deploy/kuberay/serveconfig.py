"""A Ray Serve configuration file, looked at before a cluster does."""

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
    """The file's text. Raises ConfigurationError, with its place, if it is not a configuration of applications."""
    read(path).convert(ServeConfig)
    return path.read_text(encoding="utf-8")
