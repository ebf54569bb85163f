"""Small wheels made on the spot, the same bytes each time (PEP 427)."""

import base64
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256


def metadata(project: str, version: str, requires: Sequence[str] = (), python: str = ">=3.10") -> bytes:
    """A core metadata file."""
    lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}", f"Requires-Python: {python}"]
    return "\n".join([*lines, *(f"Requires-Dist: {line}" for line in requires), "", "words"]).encode()


def wheel(
    project: str,
    version: str,
    requires: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
    python: str = ">=3.10",
) -> bytes:
    """A wheel that installs `files` into site-packages; by default one empty module."""
    info = f"{project}-{version}.dist-info"
    members = {
        **(files or {f"{project}/__init__.py": b""}),
        f"{info}/METADATA": metadata(project, version, requires, python),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},{_digest(body)},{len(body)}\n" for name, body in members.items())
    members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _digest(body: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(sha256(body).digest()).rstrip(b"=").decode()


def sdist(project: str, version: str) -> bytes:
    """A source distribution that requires nothing, and says so (PEP 643)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        body = metadata(project, version).replace(b"Metadata-Version: 2.1", b"Metadata-Version: 2.2")
        member = tarfile.TarInfo(f"{project}-{version}/PKG-INFO")
        member.size = len(body)
        archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()
