"""Atomic writes of files, and digests of their content."""

import hashlib
import os
import tempfile
from pathlib import Path

from raydock.core.errors import OutOfReachError


def digest_of(data: bytes) -> str:
    """The digest of bytes in registries and reports.

    It is `sha256:` and hexadecimal digits.
    """
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def sha256_of(path: Path) -> str:
    """The hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_below(folder: Path) -> dict[str, Path]:
    """The files in a folder and its subfolders, by their paths below it, without Python's caches."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.parent.name != "__pycache__")
    return {path.relative_to(folder).as_posix(): path for path in files}


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Writes a text file atomically.

    It writes a temporary file in the same folder and renames it.
    Raises OutOfReachError if the disk refuses.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError as error:
        raise OutOfReachError(
            f"{path} could not be written: {error.strerror}.",
            meaning="The previous file, if any, is unchanged.",
            todo="free some space or fix the permissions, then run this again.",
        ) from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
