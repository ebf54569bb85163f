"""A file in a container by which a command answers, apart from all else that the image prints.

Login files, BASH_ENV, sitecustomize and .pth files may print on stdout and stderr of every shell and every Python. They
do not disturb KubeRay, which reads exit codes, and must not disturb a check.
"""

from collections.abc import Iterator, Mapping

from docker.errors import APIError
from docker.models.containers import Container

from raydock.core.archive import WRITABLE, first_file, tar

PATH = "/raydock.answer"
LIMIT = 2**20


def archive(files: Mapping[str, bytes] | None = None) -> bytes:
    """A tar with the empty file, which any user may write, and with files by path, which any user may read.

    It is to be unpacked at the root of a container.
    """
    placed = {path.lstrip("/"): data for path, data in {PATH: b"", **(files or {})}.items()}
    return tar(placed, modes={PATH.lstrip("/"): WRITABLE})


def read(container: Container) -> str:
    """What a command has written into the file, up to LIMIT bytes; empty if the file is gone or is not a file."""
    try:
        chunks, _ = container.get_archive(PATH)
    except APIError as error:
        if error.status_code == 404:
            return ""
        raise
    return first_file(_start(chunks), LIMIT)  # empty if it is longer than LIMIT, so that its end is missing


def _start(chunks: Iterator[bytes]) -> bytes:
    """The beginning of a tar stream, as much as a file of LIMIT bytes needs."""
    data = b""
    for chunk in chunks:
        data += chunk
        if len(data) > 2 * LIMIT:
            break
    return data
