"""Files that are whole or untouched, whatever happens in between, and digests of what is in them."""

import hashlib
import os
import tempfile
from pathlib import Path

from raydock.core.errors import OutOfReachError


def digest_of(data: bytes) -> str:
    """The digest by which registries and reports name these bytes: `sha256:` and hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def sha256_of(path: Path) -> str:
    """The hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Writes a text file beside its place and renames it there. Raises OutOfReachError where the disk refuses."""
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
            meaning="The file that was there is as it was.",
            todo="free some space or fix the permissions, then run this again.",
        ) from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
