"""A variant's image on the engine that answers, or by the digest that the user states."""

import re
from dataclasses import replace

from docker import DockerClient

from raydock.core.errors import ConfigurationError, OutOfReachError, VariantError
from raydock.engine.client import connect, is_in_registry
from raydock.engine.localimage import find_image
from raydock.plan.planner import Planned
from raydock.publish.variant_image import VariantImage, of_image, of_plan

# A name as of the distribution project's reference grammar; a tag beside a digest says nothing, and CRI-O refuses both.
_FORM = re.compile(
    r"(?P<repository>(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9._-]+(?:/[a-z0-9._-]+)*)(?::\w[\w.-]*)?@"
    r"(?P<digest>sha256:[0-9a-f]{64})",
    re.ASCII,
)


def published(item: Planned, registry: str, stated: str = "") -> VariantImage:
    """A variant's image by digest: the one `stated` (NAME@sha256:...), else what the engine knows of `registry`.

    Raises ConfigurationError where `stated` has no digest or is another variant's image; VariantError where the variant
    is not built, or built and never pushed; OutOfReachError where nothing is stated and no engine answers.
    """
    return _stated(item, stated) if stated else _pushed(item, registry)


def built(item: Planned, registry: str) -> VariantImage:
    """A variant's newest image on the engine, pushed or not.

    Raises OutOfReachError where no engine answers, VariantError where it holds no such image.
    """
    tag, client = f"{registry}:{item.name}", connect()
    image = find_image(client, tag)
    if image is None:
        todo = f"`./build.py build --select 'name={item.name}'`."
        raise VariantError(f"{item.name} is not built on this engine.", todo=todo)
    return _checked(client, of_image(item.variant, registry, image))


def _checked(client: DockerClient, image: VariantImage) -> VariantImage:
    """The image without its digest, if no registry has it.

    With overlay2, an engine has the digest of a manifest from a registry only. With containerd's image store, every
    image has one, which is its id: the engine asks the registry.
    """
    if image.digest == image.id and not is_in_registry(client, image.reference):
        return replace(image, digest="")
    return image


_HINT = "name what is published: `--image NAME@sha256:...`."


def _stated(item: Planned, stated: str) -> VariantImage:
    match = _FORM.fullmatch(stated)
    if not match:
        raise ConfigurationError(
            f"--image {stated!r} is not an image by digest.",
            meaning="A tag may name another image tomorrow, on one node and not on the next.",
            todo="write it as NAME@sha256:... with 64 hexadecimal digits; `docker images --digests` shows them.",
        )
    name = f"{match['repository']}@{match['digest']}"
    try:
        image = find_image(connect(), name)
    except OutOfReachError:
        image = None
    variant = image.labels.variant if image else item.name
    if variant != item.name:
        raise ConfigurationError(f"{name} is {variant}, not {item.name}.", todo="name the variant that it is.")
    if image:
        return replace(of_image(item.variant, match["repository"], image), digest=match["digest"])
    return of_plan(item, match["repository"], match["digest"])


def _pushed(item: Planned, registry: str) -> VariantImage:
    tag, client = f"{registry}:{item.name}", connect()
    image = find_image(client, tag)
    if image is None:
        raise VariantError(
            f"{item.name} is not built on this engine, so that no digest of it is known here.",
            todo=f"`./build.py images --select 'name={item.name}'` and push it, or {_HINT}",
        )
    image_there = _checked(client, of_image(item.variant, registry, image))
    if not image_there.digest:
        raise VariantError(
            f"{tag} is built on this engine and was never pushed, or its registry does not answer.",
            meaning="A cluster can pull an image only after it was pushed.",
            todo=f"`docker push {tag}` and run this again, or {_HINT}",
        )
    return image_there
