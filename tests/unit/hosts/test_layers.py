"""The tar of `docker save` without some of its layers."""

import io
import tarfile
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest
from docker.errors import ImageNotFound

from raydock.hosts.layers import find_shared, remove_files

NAMES = ["blobs/sha256/aa", "blobs/sha256/bb", "manifest.json", "long/" + "n" * 200]


def make_tar() -> bytes:
    """Return a tar in the form of an engine's, with a folder, an empty file and a long name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo("blobs/sha256")
        folder.type, folder.mtime = tarfile.DIRTYPE, 1700000000.25
        tar.addfile(folder)
        for number, name in enumerate(NAMES):
            member = tarfile.TarInfo(name)
            member.size = 700 * number
            tar.addfile(member, io.BytesIO(bytes([number]) * member.size))
    return buffer.getvalue()


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: file.read() if (file := tar.extractfile(member)) else b"" for member in tar}


def test_only_the_given_files_are_removed() -> None:
    whole = make_tar()
    for size in (1, 511, 10**6):
        smaller = b"".join(remove_files(chunks(whole, size), ["blobs/sha256/bb"]))
        expected = {name: text for name, text in members(whole).items() if name != "blobs/sha256/bb"}
        assert members(smaller) == expected
        assert len(smaller) % 512 == 0


def test_by_default_no_file_is_removed() -> None:
    assert members(b"".join(remove_files([make_tar()], []))) == members(make_tar())


class Api:
    """The API of an engine whose images have these layers; an image without layers was removed meanwhile."""

    def __init__(self, *images: str) -> None:
        self._images = {f"sha256:{number}": layers for number, layers in enumerate(images)}

    def images(self) -> list[dict[str, str]]:
        return [{"Id": image} for image in self._images]

    def inspect_image(self, image: str) -> dict[str, Any]:
        if not self._images[image]:
            raise ImageNotFound(image)
        return {"Id": image, "RootFS": {"Layers": list(self._images[image])}}


@pytest.mark.parametrize(
    ("images", "shared"),
    [((), ""), (("xbc", ""), ""), (("a", "abx", "xbc"), "ab"), (("abcd",), "abc"), (("abc", "ab"), "abc")],
)
def test_the_layers_below_the_first_different_one_are_shared(images: tuple[str, ...], shared: str) -> None:
    client = cast("docker.DockerClient", SimpleNamespace(api=Api(*images)))
    assert find_shared(client, tuple("abc")) == tuple(shared)
