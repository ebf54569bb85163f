"""Whether raydock is installed, and the commands that its messages name."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
# Commands that exist only in a checkout, and what users of an installed raydock run instead.
_INSTALLED = {
    "./build.py": "raydock",
    "run `scripts/engine`, which starts or installs one": "install and start Docker 26 or newer with buildx",
    "run `scripts/engine`": "install and start Docker 26 or newer with buildx",
    "run `scripts/tools`": "run `pip install 'raydock[tools]'`",
    ", or `make images`": "",
}


def checkout() -> Path | None:
    """The checkout that contains this package; None if raydock is installed."""
    folder = PACKAGE.parent
    return folder if (folder / "build.py").is_file() and (folder / "templates").is_dir() else None


def shipped(name: str) -> Path:
    """A file or folder that comes with raydock: in the installed package, or at the same place in the checkout."""
    return (checkout() or PACKAGE) / name


def localize(text: str) -> str:
    """A message with the commands of a checkout or of an installed raydock."""
    if checkout() is None:
        for command, replacement in _INSTALLED.items():
            text = text.replace(command, replacement)
    return text
