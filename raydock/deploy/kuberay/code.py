"""A folder's files in a ConfigMap, which is how a user's code gets into pods without another image."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from raydock.core.errors import ConfigurationError

MOUNT = "/home/ray/samples"
VOLUME = "code"
# Kubernetes, ConfigMaps: "The data stored in a ConfigMap cannot exceed 1 MiB."
LIMIT = 2**20

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_ELSE = "put it into an image of your own, or let `runtime_env` fetch a working_dir."


@dataclass(frozen=True)
class Code:
    """Text files by name."""

    files: dict[str, str]

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that change when a file does: part of the ConfigMap's name, so that pods follow."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()[:8]


def read(folder: Path) -> Code:
    """The files of a folder, but for hidden ones and bytecode.

    Raises ConfigurationError for what a ConfigMap cannot hold: folders, invalid names, bytes, more than 1 MiB.
    """
    paths = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and path.name != "__pycache__"]
    files = {path.name: _text(path) for path in paths}
    if not files:
        raise ConfigurationError(f"{folder} holds no file.", todo="name the folder that holds the code.")
    size = sum(len(name.encode()) + len(text.encode()) for name, text in files.items())
    if size > LIMIT:
        raise ConfigurationError(f"{folder} holds {size} bytes, and a ConfigMap at most {LIMIT}.", todo=_ELSE)
    return Code(files)


def _text(path: Path) -> str:
    if not path.is_file():
        raise ConfigurationError(f"{path} is not a file, and a ConfigMap holds nothing else.", todo=_ELSE)
    if not _KEY.fullmatch(path.name):
        raise ConfigurationError(f"{path}: its name is not a key of a ConfigMap.", todo="use letters, digits and - . _")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not text in UTF-8.", todo=_ELSE) from None
