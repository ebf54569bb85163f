"""Which layers an engine has, and `docker save`'s tar of an image without them.

An engine loads such a tar: moby takes a layer whose chain it has from its store before it opens the tar's file
(image/tarexport/load.go), and containerd's image store unpacks only what it has no snapshot of. So do both of 26.1.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator

from docker import DockerClient

from raydock.core.archive import ChunkReader
from raydock.engine.client import uses_containerd_store
from raydock.engine.localimage import find_image, get_image

_CHUNK = 2**20


def files(client: DockerClient, image: str) -> tuple[str, ...]:
    """The names of an image's layers in `docker save`'s tar, the lowest first.

    With containerd's image store they have the names of the packed layers, which only the manifest has.
    """
    if not uses_containerd_store(client):
        layers = get_image(client, image).layers
        return tuple(f"blobs/sha256/{layer.removeprefix('sha256:')}" for layer in layers)
    with tarfile.open(fileobj=ChunkReader(client.api.get_image(image)), mode="r|") as tar:
        for member in tar:
            if member.name == "manifest.json" and (file := tar.extractfile(member)):
                return tuple(json.load(file)[0]["Layers"])
    return ()


def shared(client: DockerClient, layers: tuple[str, ...]) -> tuple[str, ...]:
    """The lowest of these layers that the engine has, since one of its images stands on all of them."""
    best = 0
    for image_id in {item["Id"] for item in client.api.images()}:
        if image := find_image(client, image_id):  # None if it was removed meanwhile
            best = max(best, _agreement(layers, image.layers))
    return layers[:best]


def without(tar: Iterable[bytes], left_out: Iterable[str]) -> Iterator[bytes]:
    """A tar of `docker save` without some of its files, in chunks of about a MiB."""
    names = set(left_out)
    with tarfile.open(fileobj=ChunkReader(tar), mode="r|") as source:
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
