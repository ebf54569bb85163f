"""Small wheels made on the spot, the same bytes each time (PEP 427)."""

import base64
import io
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256


def metadata(project: str, version: str, requires: Sequence[str] = ()) -> bytes:
    """A core metadata file."""
    lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}", "Requires-Python: >=3.10"]
    return "\n".join([*lines, *(f"Requires-Dist: {line}" for line in requires), "", "words"]).encode()


def wheel(project: str, version: str, requires: Sequence[str] = (), files: Mapping[str, bytes] | None = None) -> bytes:
    """A wheel that installs `files` into site-packages; by default one empty module."""
    info = f"{project}-{version}.dist-info"
    members = {
        **(files or {f"{project}/__init__.py": b""}),
        f"{info}/METADATA": metadata(project, version, requires),
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
