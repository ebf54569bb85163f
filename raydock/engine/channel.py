"""A file in a container for a command's answer, separate from its output.

Login files, BASH_ENV, sitecustomize and .pth files may print to stdout and stderr of every shell and every Python. This
does not affect KubeRay, which reads exit codes, and must not affect a check.
"""

from collections.abc import Iterator, Mapping

from docker.errors import APIError
from docker.models.containers import Container

from raydock.core.archive import WRITABLE, first_file, tar

PATH = "/raydock.answer"
LIMIT = 2**20


def archive(files: Mapping[str, bytes] | None = None) -> bytes:
    """A tar for the root of a container: the empty answer file, and `files`.

    Every user can write the answer file and read the others.
    """
    placed = {path.lstrip("/"): data for path, data in {PATH: b"", **(files or {})}.items()}
    return tar(placed, modes={PATH.lstrip("/"): WRITABLE})


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
    return first_file(_start(chunks), LIMIT)  # empty if it is longer than LIMIT, so that its end is missing


def _start(chunks: Iterator[bytes]) -> bytes:
    """The start of a tar stream, enough for a file of LIMIT bytes."""
    data = b""
    for chunk in chunks:
        data += chunk
        if len(data) > 2 * LIMIT:
            break
    return data
