"""The layers that an engine has, and the tar of `docker save` without them.

An engine can load such a tar: moby first looks for a layer in its store and opens the tar's file only if the layer is
missing (image/tarexport/load.go). containerd's image store unpacks only layers without a snapshot. Docker 26.1 with
either store does so.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator
from itertools import takewhile

from docker import DockerClient

from raydock.core.archive import ChunkReader
from raydock.engine.client import uses_containerd_store
from raydock.engine.localimage import find_image, get_image

_CHUNK = 2**20


def list_files(client: DockerClient, image: str) -> tuple[str, ...]:
    """Return the names of an image's layers in the tar of `docker save`.

    The lowest layer is first.

    With containerd's image store, the names are the digests of the compressed layers, which are only in the manifest.
    """
    if not uses_containerd_store(client):
        layers = get_image(client, image).layers
        return tuple(f"blobs/sha256/{layer.removeprefix('sha256:')}" for layer in layers)
    with tarfile.open(fileobj=ChunkReader(client.api.get_image(image)), mode="r|") as tar:
        for member in tar:
            if member.name == "manifest.json" and (file := tar.extractfile(member)):
                return tuple(json.load(file)[0]["Layers"])
    return ()


def find_shared(client: DockerClient, layers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lowest of these layers that one of the engine's images begins with."""
    images = (find_image(client, image_id) for image_id in {summary["Id"] for summary in client.api.images()})
    # An image is None if it was removed since the list was read.
    return layers[: max((_count_equal(layers, image.layers) for image in images if image), default=0)]


def remove_files(tar: Iterable[bytes], excluded: Iterable[str]) -> Iterator[bytes]:
    """Yield a tar of `docker save` without some files, in chunks of about a MiB."""
    names = set(excluded)
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


def _count_equal(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """Count the equal layers from the lowest on.

    An engine stores a layer only with all layers below it.
    """
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
