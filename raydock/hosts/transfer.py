"""The transfer of an image to a host's engine.

The image is present, or the host pulls it, or this machine sends it.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from docker import DockerClient
from docker.errors import APIError, ImageLoadError

from raydock.core.errors import OutOfReachError, VariantError, first_line
from raydock.core.events import Listener
from raydock.engine.architecture import require_native
from raydock.engine.client import reaching
from raydock.engine.localimage import find_image, get_image
from raydock.hosts import layers
from raydock.model.image import ContainerImage
from raydock.publish.variant_image import ImageState, VariantImage

_NO_MESSAGE = "no message"


class TransferMethod(StrEnum):
    """How an image came to an engine."""

    PRESENT = "there"
    PULLED = "pulled"
    SENT = "sent"


@dataclass(frozen=True, kw_only=True)
class TransferredImage:
    """An image on a host's engine.

    Attributes:
        image: the image on the engine.
        method: how it came to the engine.
        sent: the number of bytes sent; 0 unless it was sent.
        remark: why it was not pulled; empty if it was or if it need not be.
    """

    image: ContainerImage
    method: TransferMethod
    sent: int = 0
    remark: str = ""


def transfer(
    remote: DockerClient, requested: VariantImage, source: DockerClient | None, listener: Listener
) -> TransferredImage:
    """Make sure that an engine has an image under its tag.

    It is the image built on this machine, else the registry's.

    source: this machine's engine, which has the built images; None if it does not answer.

    Raises VariantError if neither is available, OutOfReachError if an engine stops answering.
    """
    with reaching(f"transferring {requested.name}"):
        if source and requested.state is ImageState.BUILT:
            return _transfer_built(remote, requested, source, listener)
        return _pull_tag(remote, requested, listener)


def _transfer_built(
    remote: DockerClient, requested: VariantImage, source: DockerClient, listener: Listener
) -> TransferredImage:
    image = get_image(source, requested.id)
    require_native(remote, requested.tag, image.platform)  # before gigabytes are sent
    remark, sent = "it was never pushed", 0
    for method in TransferMethod:
        if method is TransferMethod.PULLED and requested.reference:
            remark = _pull(remote, requested.reference, requested, listener)
        if method is TransferMethod.SENT:
            sent = _send(remote, requested, source, listener)
        found = find_image(remote, requested.tag)
        if found and found.is_same(image):
            return TransferredImage(image=found, method=method, sent=sent, remark=remark if sent else "")
    raise VariantError(f"{requested.tag} was sent, but the host's engine has a different image under that name.")


def _pull_tag(remote: DockerClient, requested: VariantImage, listener: Listener) -> TransferredImage:
    remark = _pull(remote, requested.tag, requested, listener)
    found = find_image(remote, requested.tag)
    if found is None:
        raise VariantError(
            f"{requested.tag} is not built on this machine, and the host cannot pull it: {remark}.",
            todo=f"`./build.py build {requested.name}`: an image built on this machine is sent.",
        )
    method = TransferMethod.PRESENT if remark else TransferMethod.PULLED
    return TransferredImage(image=found, method=method, remark=remark)


def _pull(remote: DockerClient, image: str, requested: VariantImage, listener: Listener) -> str:
    """Pull NAME@DIGEST or NAME:TAG and give it the variant's tag.

    Returns the error message; empty on success.
    """
    listener(requested.name, f"pulling {image}")
    repository, _, tag = image.partition("@") if "@" in image else image.rpartition(":")
    try:
        for event in remote.api.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in event:
                return first_line(event["error"], _NO_MESSAGE)
        remote.api.tag(image, *requested.tag.rsplit(":", 1))
    except APIError as error:
        return first_line(error.explanation or str(error), _NO_MESSAGE)
    return ""


def _send(remote: DockerClient, requested: VariantImage, source: DockerClient, listener: Listener) -> int:
    """Send an image without the layers that the engine has; return the bytes sent.

    If the engine cannot load it, the whole image is sent.
    """
    present = len(layers.find_shared(remote, get_image(source, requested.id).layers))
    try:
        if present:  # one of them can be removed meanwhile, or stored in a different form
            with suppress(ImageLoadError):
                return _load(remote, requested, source, present, listener)
        return _load(remote, requested, source, 0, listener)
    except ImageLoadError as error:
        raise OutOfReachError(
            f"the host's engine cannot load {requested.tag}: {first_line(str(error), _NO_MESSAGE)}.",
            todo="check the host's disk with `./build.py doctor --host ...`, and read its engine's log.",
        ) from None


def _load(remote: DockerClient, requested: VariantImage, source: DockerClient, present: int, listener: Listener) -> int:
    sent, excluded = 0, layers.list_files(source, requested.tag)[:present]

    def counted() -> Iterator[bytes]:
        nonlocal sent
        for chunk in layers.remove_files(source.api.get_image(requested.tag), excluded):
            sent += len(chunk)
            listener(requested.name, f"sending it without {present} layers that the host has", size=sent)
            yield chunk

    remote.images.load(counted())
    return sent
