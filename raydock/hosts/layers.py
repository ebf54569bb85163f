"""Which layers an engine has, and `docker save`'s tar of an image without them.

An engine loads such a tar: moby takes a layer whose chain it has from its store before it opens the tar's file
(image/tarexport/load.go), and containerd's image store unpacks only what it has no snapshot of. So do both of 26.1.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import suppress

from docker import DockerClient
from docker.errors import ImageNotFound

from raydock.build.engine import uses_containerd_store

_CHUNK = 2**20


def of(client: DockerClient, image: str) -> tuple[str, ...]:
    """The digests of an image's layers, unpacked, the lowest first. Raises ImageNotFound."""
    found = client.api.inspect_image(image)["RootFS"].get("Layers") or ()
    return tuple(found)


def files(client: DockerClient, image: str) -> tuple[str, ...]:
    """The names of an image's layers in `docker save`'s tar, the lowest first.

    With containerd's image store they have the names of the packed layers, which only the manifest has.
    """
    if not uses_containerd_store(client):
        return tuple(f"blobs/sha256/{layer.removeprefix('sha256:')}" for layer in of(client, image))
    with tarfile.open(fileobj=_Reader(client.api.get_image(image)), mode="r|") as tar:
        for member in tar:
            if member.name == "manifest.json" and (file := tar.extractfile(member)):
                return tuple(json.load(file)[0]["Layers"])
    return ()


def shared(client: DockerClient, layers: tuple[str, ...]) -> tuple[str, ...]:
    """The lowest of these layers that the engine has, since one of its images stands on all of them."""
    best = 0
    for image in {item["Id"] for item in client.api.images()}:
        with suppress(ImageNotFound):  # somebody removed it meanwhile
            best = max(best, _agreement(layers, of(client, image)))
    return layers[:best]


def without(tar: Iterable[bytes], left_out: Iterable[str]) -> Iterator[bytes]:
    """A tar of `docker save` without some of its files, in chunks of about a MiB."""
    names = set(left_out)
    with tarfile.open(fileobj=_Reader(tar), mode="r|") as source:
        for member in source:
            if member.name in names:
                continue
            yield member.tobuf(tarfile.PAX_FORMAT)
            if file := source.extractfile(member) if member.isfile() else None:
                while chunk := file.read(_CHUNK):
                    yield chunk
                yield bytes(-member.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _agreement(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many layers two images have in common, from the lowest on: a layer is kept with all that is under it."""
    count = 0
    for ours, theirs in zip(one, other, strict=False):
        if ours != theirs:
            break
        count += 1
    return count


class _Reader(io.RawIOBase):
    """Chunks as a file to be read once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest and (chunk := next(self._chunks, None)) is not None:
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count
