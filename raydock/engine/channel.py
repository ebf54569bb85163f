"""A file in a container for a command's answer, separate from its output.

Login files, BASH_ENV, sitecustomize and .pth files may print to stdout and stderr of every shell and every Python. This
does not affect KubeRay, which reads exit codes, and must not affect a check.
"""

from collections.abc import Iterator, Mapping

from docker.errors import APIError
from docker.models.containers import Container

from raydock.core.archive import WRITABLE, first_file, tar

# In a volume of its own, so that it is writable in a container with a read-only root file system.
FOLDER = "/raydock.channel"
PATH = f"{FOLDER}/answer"
LIMIT = 2**20


def archive(files: Mapping[str, bytes] | None = None) -> bytes:
    """A tar for FOLDER of a container: the empty answer file, and `files` by name.

    Every user can write the answer file and read the others.
    """
    answer = PATH.rpartition("/")[2]
    return tar({answer: b"", **(files or {})}, modes={answer: WRITABLE})


def read(container: Container, path: str = PATH) -> str:
    """The content of the answer file, or of a different one, up to LIMIT bytes.

    Empty if it is missing or is not a file.
    """
    try:
        chunks, _ = container.get_archive(path)
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
