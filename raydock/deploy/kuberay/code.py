"""A folder's files in a ConfigMap: pods get a user's code without a new image."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from raydock.core.errors import ConfigurationError

MOUNT = "/home/ray/samples"
# Kubernetes, ConfigMaps: "The data stored in a ConfigMap cannot exceed 1 MiB."
LIMIT = 2**20

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_ALTERNATIVE = "put the code into your own image, or let `runtime_env` download a working_dir."


@dataclass(frozen=True)
class Code:
    """Text files of a ConfigMap.

    Attributes:
        files: the text of each file, by file name.
    """

    files: dict[str, str]

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits of a hash.

        They are part of the ConfigMap's name, so a changed file gives it a new name.
        """
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()[:8]


def read(folder: Path) -> Code:
    """Read the files of a folder, except hidden files and bytecode.

    Raises ConfigurationError if a ConfigMap cannot contain them: folders, invalid names, binary files, over 1 MiB.
    """
    paths = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and path.name != "__pycache__"]
    files = {path.name: _text(path) for path in paths}
    if not files:
        raise ConfigurationError(f"{folder} contains no file.", todo="set --code to the folder that contains the code.")
    size = sum(len(name.encode()) + len(text.encode()) for name, text in files.items())
    if size > LIMIT:
        raise ConfigurationError(
            f"{folder} has {size} bytes; the limit of a ConfigMap is {LIMIT} bytes.", todo=_ALTERNATIVE
        )
    return Code(files)


def _text(path: Path) -> str:
    if not path.is_file():
        raise ConfigurationError(f"{path} is not a file, and a ConfigMap contains only files.", todo=_ALTERNATIVE)
    if not _KEY.fullmatch(path.name):
        raise ConfigurationError(
            f"{path}: the file name is not a valid key of a ConfigMap.", todo="use letters, digits and - . _"
        )
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text.", todo=_ALTERNATIVE) from None
