"""image.json, the image's description, which the build writes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Mapping, Tuple

from .foreign_axes import read_axes

SCHEMA = 1
ENVIRONMENT = Path("/opt/venv")


class ImageFileError(Exception):
    """image.json is missing or invalid."""


@dataclass(frozen=True)
class Image:
    """What an image states of itself.

    Attributes:
        name: the name of the variant, or what the user calls a foreign image.
        axes: its value on every axis; of a foreign image, as found in its Python environment.
        packages: the locked packages, canonical name to version.
        min_driver: the oldest driver for its CUDA, such as 580.65.06; empty without CUDA.
        sm: the compute capabilities for which it has code, such as 90.
        foreign: raydock did not build it, so only checks that need a GPU can run.
        nvcc: the CUDA of its compiler, such as 13.0; empty without a compiler.
    """

    name: str
    axes: Dict[str, str]
    packages: Dict[str, str]
    min_driver: str = ""
    sm: Tuple[str, ...] = ()
    foreign: bool = False
    nvcc: str = ""

    def has(self, part: str) -> bool:
        """Whether the image has a part, such as `torch`."""
        return has(self.axes, part)


def has(axes: Mapping[str, str], part: str) -> bool:
    """Whether a variant has a part; `none` and `cpu` are no parts.

    Triton comes with torch; a variant has no axis for it.
    """
    axis = "torch" if part == "triton" and part not in axes else part
    return axes.get(axis, "none") not in {"none", "cpu"}


def load(path: Path) -> Image:
    """Read image.json. Raises ImageFileError if it is missing or invalid."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ImageFileError(f"{path} has schema {document['schema']!r}; this probe reads {SCHEMA}.")
        if document.get("stranger"):
            return Image(document["name"], read_axes(), {}, foreign=True)
        sm = tuple(str(value) for value in document.get("sm", ()))
        min_driver, nvcc = document.get("min_driver", ""), document.get("nvcc", "")
        return Image(document["name"], document["axes"], document["packages"], min_driver, sm, nvcc=nvcc)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (ValueError, KeyError, TypeError) as error:
        problem = f"is invalid: {error!r}"
    raise ImageFileError(f"{path} {problem}. The build of a raydock image writes it.")
