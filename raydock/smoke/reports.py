"""The output of failed checks, copied out of their container."""

import io
import shutil
import tarfile
from pathlib import Path

from docker.errors import DockerException
from docker.models.containers import Container
from msgspec import structs
from requests.exceptions import RequestException

from raydock.model.report import Check, Status
from raydock.probe.outputs import FOLDER

INSIDE = f"/tmp/{FOLDER}"  # noqa: S108 - a folder in a container
# Larger than the logs of vllm and Ray; a program that prints without end must not fill the disk.
LIMIT = 256 * 2**20


def save(container: Container, checks: dict[str, Check], folder: Path) -> dict[str, Check]:
    """Copy the output of failed checks to `folder`, in place of its content.

    Returns the checks; the details of those that failed name the copy. If there is no output, or too much, they are
    unchanged.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if not any(check.status is Status.FAILED and INSIDE in check.detail for check in checks.values()):
        return checks
    archive = _archive(container)
    if archive is None:
        return checks
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=archive) as members:
        members.extractall(folder.parent, filter=lambda member, _: _below(member, folder.name))  # noqa: S202
    details = {name: check.detail.replace(INSIDE, str(folder)) for name, check in checks.items()}
    return {name: structs.replace(check, detail=details[name]) for name, check in checks.items()}


def _archive(container: Container) -> io.BytesIO | None:
    """The folder as a tar; None if it is too large or cannot be read."""
    archive = io.BytesIO()
    try:
        chunks, _ = container.get_archive(INSIDE)
        for chunk in chunks:
            archive.write(chunk)
            if archive.tell() > LIMIT:
                return None
    except (DockerException, RequestException):
        return None
    archive.seek(0)
    return archive


def _below(member: tarfile.TarInfo, name: str) -> tarfile.TarInfo | None:
    """A readable file or folder of the archive, below `name`.

    None for links, devices and paths with `..`.
    """
    _, _, rest = member.name.partition("/")
    if not (member.isfile() or member.isdir()) or ".." in Path(rest).parts:
        return None
    mode = 0o755 if member.isdir() else 0o644
    return member.replace(name=f"{name}/{rest}".rstrip("/"), mode=mode, uid=0, gid=0, uname="", gname="", deep=False)
