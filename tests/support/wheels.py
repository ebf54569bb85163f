"""Small wheels (PEP 427), with the same bytes each time."""

import io
import tarfile
from collections.abc import Mapping, Sequence

from raydock.core import archive


def metadata(project: str, version: str, requires: Sequence[str] = (), python: str = ">=3.10") -> bytes:
    """Return a core metadata file."""
    lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}", f"Requires-Python: {python}"]
    return "\n".join([*lines, *(f"Requires-Dist: {line}" for line in requires), "", "words"]).encode()


def wheel(
    project: str,
    version: str,
    requires: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
    python: str = ">=3.10",
) -> bytes:
    """Return a wheel that installs `files` into site-packages (default: an empty module)."""
    return archive.wheel(
        project, version, metadata(project, version, requires, python), files or {f"{project}/__init__.py": b""}
    )


def sdist(project: str, version: str) -> bytes:
    """Return a source distribution whose metadata states that it has no requirements (PEP 643)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        body = metadata(project, version).replace(b"Metadata-Version: 2.1", b"Metadata-Version: 2.2")
        archive.add_file(packed, f"{project}-{version}/PKG-INFO", body, epoch=0)
    return buffer.getvalue()
