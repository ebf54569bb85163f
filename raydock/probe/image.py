"""What the image says of itself: image.json, which the build writes beside the probe."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Mapping, Tuple

from . import found

SCHEMA = 1
ENVIRONMENT = Path("/opt/venv")


class ImageFileError(Exception):
    """image.json is missing or not as the build writes it."""


@dataclass(frozen=True)
class Image:
    """The variant's name, its value on every axis, its locked packages (canonical name to version), its GPU needs.

    `nvcc` is the CUDA of its compiler, such as 13.0; empty if it has none.

    `stranger`: an image that this raydock did not build, of which only what needs a GPU can be asked; then `axes` are
    what is found in its Python's environment.
    """

    name: str
    axes: Dict[str, str]
    packages: Dict[str, str]
    min_driver: str = ""
    sm: Tuple[str, ...] = ()
    stranger: bool = False
    nvcc: str = ""

    def has(self, part: str) -> bool:
        """Whether the variant has that part."""
        return has(self.axes, part)


def has(axes: Mapping[str, str], part: str) -> bool:
    """Whether a variant has that part: no torch is `none`, no CUDA is `cpu`.

    Triton comes with torch; a variant has no axis for it.
    """
    axis = "torch" if part == "triton" and part not in axes else part
    return axes.get(axis, "none") not in {"none", "cpu"}


def load(path: Path) -> Image:
    """Reads image.json. Raises ImageFileError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ImageFileError(f"{path} has schema {document['schema']!r}; this probe reads {SCHEMA}.")
        if document.get("stranger"):
            return Image(document["name"], found.axes(), {}, stranger=True)
        sm = tuple(str(value) for value in document.get("sm", ()))
        floor, nvcc = document.get("min_driver", ""), document.get("nvcc", "")
        return Image(document["name"], document["axes"], document["packages"], floor, sm, nvcc=nvcc)
    except OSError as error:
        raise ImageFileError(
            f"{path} cannot be read: {error.strerror}. The build of a raydock image writes it."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ImageFileError(f"{path} is not as a raydock build writes it: {error!r}.") from None
