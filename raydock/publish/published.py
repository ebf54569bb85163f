"""Find a variant's image on the engine, or by the digest that the user names."""

import re
from dataclasses import replace

from raydock.core.errors import ConfigurationError, NotBuiltError, OutOfReachError, VariantError
from raydock.engine.client import connect, is_in_registry
from raydock.engine.localimage import find_image
from raydock.plan.planner import Planned
from raydock.publish.variant_image import VariantImage, of_image, of_plan

# The reference grammar of the distribution project. A tag next to a digest has no effect, and CRI-O refuses both.
_FORM = re.compile(
    r"(?P<repository>(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9._-]+(?:/[a-z0-9._-]+)*)(?::\w[\w.-]*)?@"
    r"(?P<digest>sha256:[0-9a-f]{64})",
    re.ASCII,
)


def find_published(planned: Planned, registry: str, reference: str = "") -> VariantImage:
    """Find a variant's image by digest.

    It is `reference` (NAME@sha256:...) if given, else the image that was pushed to `registry`.

    Raises ConfigurationError if `reference` has no digest or is the image of a different variant, VariantError if the
    variant is not built or was never pushed, OutOfReachError if `reference` is empty and no engine answers.
    """
    return _from_reference(planned, reference) if reference else _pushed(planned, registry)


def find_built(planned: Planned, registry: str) -> VariantImage:
    """Find a variant's newest image on the engine, pushed or not.

    Raises OutOfReachError if no engine answers, VariantError if the variant is not built there.
    """
    image = _on_engine(planned, registry)
    if image is None:
        raise NotBuiltError(planned.name, command="build")
    return image


def _on_engine(planned: Planned, registry: str) -> VariantImage | None:
    """A variant's image on the engine, without its digest if the registry does not have it.

    With overlay2, an engine knows a manifest digest only from a registry. With containerd's image store, every image
    has one, which is its id: the engine then queries the registry.
    """
    client = connect()
    found = find_image(client, f"{registry}:{planned.name}")
    image = of_image(planned.variant, registry, found) if found else None
    if image and image.digest == image.id and not is_in_registry(client, image.reference):
        return replace(image, digest="")
    return image


_HINT = "name the published image: `--image NAME@sha256:...`."


def _from_reference(planned: Planned, reference: str) -> VariantImage:
    match = _FORM.fullmatch(reference)
    if not match:
        raise ConfigurationError(
            f"--image {reference!r} does not name an image by digest.",
            meaning="A tag can name a different image tomorrow, and a different one on each node.",
            todo="write NAME@sha256:... with 64 hexadecimal digits; `docker images --digests` shows them.",
        )
    name = f"{match['repository']}@{match['digest']}"
    try:
        image = find_image(connect(), name)
    except OutOfReachError:
        image = None
    variant = image.labels.variant if image else planned.name
    if variant != planned.name:
        raise ConfigurationError(
            f"{name} is {variant}, not {planned.name}.", todo=f"deploy {variant}, or name an image of {planned.name}."
        )
    if image:
        return replace(of_image(planned.variant, match["repository"], image), digest=match["digest"])
    return of_plan(planned, match["repository"], match["digest"])


def _pushed(planned: Planned, registry: str) -> VariantImage:
    image = _on_engine(planned, registry)
    if image is None:
        raise VariantError(
            f"{planned.name} is not built on this engine, so its digest is unknown.",
            todo=f"`./build.py images {planned.name}`, then `./build.py publish {planned.name}`, or {_HINT}",
        )
    if not image.digest:
        raise VariantError(
            f"{image.tag} is built on this engine but was never pushed, or its registry does not answer.",
            meaning="A cluster can pull an image only after a push.",
            todo=f"`./build.py publish {planned.name}` and run this again, or {_HINT}",
        )
    return image
