"""What the image says of itself: image.json, which the build writes beside the probe."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Tuple

SCHEMA = 1
ENVIRONMENT = Path("/opt/venv")


class ImageFileError(Exception):
    """image.json is missing or not as the build writes it."""


@dataclass(frozen=True)
class Image:
    """The variant's name, its value on every axis, its locked packages (canonical name to version), its GPU needs."""

    name: str
    axes: Dict[str, str]
    packages: Dict[str, str]
    min_driver: str = ""
    sm: Tuple[str, ...] = ()

    def has(self, axis: str) -> bool:
        """Whether the variant has that part: no torch is `none`, no CUDA is `cpu`."""
        return self.axes[axis] not in {"none", "cpu"}


def load(path: Path) -> Image:
    """Reads image.json. Raises ImageFileError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ImageFileError(f"{path} has schema {document['schema']!r}; this probe reads {SCHEMA}.")
        sm = tuple(str(value) for value in document.get("sm", ()))
        return Image(document["name"], document["axes"], document["packages"], document.get("min_driver", ""), sm)
    except OSError as error:
        raise ImageFileError(
            f"{path} cannot be read: {error.strerror}. The build of a raydock image writes it."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ImageFileError(f"{path} is not as a raydock build writes it: {error!r}.") from None
