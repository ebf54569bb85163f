"""How raydock was started, in a checkout or installed, and the commands that its messages therefore name."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
# What only a checkout has, and what an installed raydock's users run in its place.
_INSTALLED = {
    "./build.py": "raydock",
    "run `scripts/engine`, which starts or installs one": "install and start Docker 26 or newer with buildx",
    "run `scripts/engine`": "install and start Docker 26 or newer with buildx",
    "run `scripts/tools`": "run `pip install 'raydock[tools]'`",
    ", or `make images`": "",
}


def checkout() -> Path | None:
    """The checkout that this package is part of; None if it was installed."""
    folder = PACKAGE.parent
    return folder if (folder / "build.py").is_file() and (folder / "templates").is_dir() else None


def localize(text: str) -> str:
    """A message of raydock with the commands that work here: those of a checkout, or of an installed raydock."""
    if checkout() is None:
        for ours, theirs in _INSTALLED.items():
            text = text.replace(ours, theirs)
    return text
