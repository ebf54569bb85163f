"""An image brought to a host's engine: it is there, or is pulled there by digest or tag, or sent over."""

from collections.abc import Iterator
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
from raydock.hosts.wanted import RequestedImage
from raydock.model.image import ContainerImage

_SILENT = "no words"


class TransferMethod(StrEnum):
    """How an image came to an engine."""

    THERE = "there"
    PULLED = "pulled"
    SENT = "sent"


@dataclass(frozen=True, kw_only=True)
class Brought:
    """An image on an engine: how it came there, the bytes sent (0 unless SENT), and why it was not pulled."""

    image: ContainerImage
    way: TransferMethod
    sent: int = 0
    remark: str = ""


def bring(there: DockerClient, wanted: RequestedImage, listener: Listener) -> Brought:
    """Makes sure that an engine has an image under its tag: the one built on this machine, else the registry's.

    Raises VariantError where neither is to be had there, OutOfReachError where an engine goes away.
    """
    with reaching(f"bringing {wanted.name}"):
        return (
            _built_here(there, wanted, wanted.source, listener) if wanted.source else _tagged(there, wanted, listener)
        )


def _built_here(there: DockerClient, wanted: RequestedImage, source: DockerClient, listener: Listener) -> Brought:
    image = get_image(source, wanted.image.id)
    require_native(there, wanted.tag, image.platform)  # before gigabytes are sent
    remark, sent = "it was never pushed", 0
    for way in TransferMethod:
        if way is TransferMethod.PULLED and wanted.image.reference:
            remark = _pull(there, wanted.image.reference, wanted, listener)
        if way is TransferMethod.SENT:
            sent = _send(there, wanted, source, listener)
        found = find_image(there, wanted.tag)
        if found and found.is_same(image):
            return Brought(image=found, way=way, sent=sent, remark=remark if sent else "")
    raise VariantError(f"{wanted.tag} was sent, and the engine there has another image under that name.")


def _tagged(there: DockerClient, wanted: RequestedImage, listener: Listener) -> Brought:
    remark = _pull(there, wanted.tag, wanted, listener)
    found = find_image(there, wanted.tag)
    if found is None:
        raise VariantError(
            f"{wanted.tag} is not built here, and cannot be pulled there: {remark}.",
            todo=f"`./build.py build --select 'name={wanted.name}'`: what is built here is sent.",
        )
    way = TransferMethod.THERE if remark else TransferMethod.PULLED
    return Brought(image=found, way=way, remark=remark)


def _pull(there: DockerClient, image: str, wanted: RequestedImage, listener: Listener) -> str:
    """Pulls NAME@DIGEST or NAME:TAG and gives it the variant's tag; returns what stood in its way."""
    listener(wanted.name, f"pulling {image}")
    repository, _, tag = image.partition("@") if "@" in image else image.rpartition(":")
    try:
        for event in there.api.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in event:
                return first_line(event["error"], _SILENT)
        there.api.tag(image, *wanted.tag.rsplit(":", 1))
    except APIError as error:
        return first_line(error.explanation or str(error), _SILENT)
    return ""


def _send(there: DockerClient, wanted: RequestedImage, source: DockerClient, listener: Listener) -> int:
    """Sends an image without the layers that the engine has; all of it where it wants them. Returns the bytes."""
    had = layers.shared(there, get_image(source, wanted.image.id).layers)
    try:
        return _load(there, wanted, source, had, listener)
    except ImageLoadError as error:
        if had:  # one of them is gone meanwhile, or kept in another form
            return _send_all(there, wanted, source, listener)
        raise _not_taken(wanted, error) from None


def _send_all(there: DockerClient, wanted: RequestedImage, source: DockerClient, listener: Listener) -> int:
    try:
        return _load(there, wanted, source, (), listener)
    except ImageLoadError as error:
        raise _not_taken(wanted, error) from None


def _not_taken(wanted: RequestedImage, error: ImageLoadError) -> OutOfReachError:
    return OutOfReachError(
        f"the engine there does not take {wanted.tag}: {first_line(str(error), _SILENT)}.",
        todo="`./build.py doctor --host ...` says whether its disk is full, and its log the rest.",
    )


def _load(
    there: DockerClient, wanted: RequestedImage, source: DockerClient, had: tuple[str, ...], listener: Listener
) -> int:
    sent, left_out = 0, layers.files(source, wanted.tag)[: len(had)]

    def counted() -> Iterator[bytes]:
        nonlocal sent
        for chunk in layers.without(source.api.get_image(wanted.tag), left_out):
            sent += len(chunk)
            listener(wanted.name, f"sending it without the {len(had)} layers that are there", size=sent)
            yield chunk

    there.images.load(counted())
    return sent
