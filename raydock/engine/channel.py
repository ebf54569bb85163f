"""A file in a container for a command's answer, separate from its output.

Login files, BASH_ENV, sitecustomize and .pth files may print to stdout and stderr of every shell and every Python. This
does not affect KubeRay, which reads exit codes, and must not affect a check.
"""

import tarfile
from collections.abc import Iterator, Mapping
from io import BytesIO

from docker.errors import APIError
from docker.models.containers import Container

PATH = "/raydock.answer"
LIMIT = 2**20


def archive(files: Mapping[str, bytes] | None = None) -> bytes:
    """A tar for the root of a container: the empty answer file, and `files`.

    Every user can write the answer file and read the others.
    """
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as entries:
        for path, data in {PATH: b"", **(files or {})}.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.mode, entry.size = 0o666 if path == PATH else 0o644, len(data)
            entries.addfile(entry, BytesIO(data))
    return packed.getvalue()


def read(container: Container) -> str:
    """The content of the answer file, up to LIMIT bytes.

    Empty if it is missing or is not a file.
    """
    try:
        chunks, _ = container.get_archive(PATH)
    except APIError as error:
        if error.status_code == 404:
            return ""
        raise
    try:
        with tarfile.open(fileobj=BytesIO(_start(chunks)), mode="r:", ignore_zeros=True) as entries:
            first = entries.next()
            file = entries.extractfile(first) if first and first.isreg() else None
            return file.read(LIMIT).decode("utf-8", "replace") if file else ""
    except tarfile.TarError:  # longer than LIMIT, so that its end is missing
        return ""


def _start(chunks: Iterator[bytes]) -> bytes:
    """The start of a tar stream, enough for a file of LIMIT bytes."""
    data = b""
    for chunk in chunks:
        data += chunk
        if len(data) > 2 * LIMIT:
            break
    return data
