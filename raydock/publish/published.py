"""A variant's image by all its names: the digest under which a registry serves it, whatever tags come to mean, its tag,
and the id that an engine knows it by."""

import re
from dataclasses import dataclass, replace

from docker import DockerClient

from raydock.core.errors import ConfigurationError, OutOfReachError, VariantError
from raydock.engine.client import connect, is_in_registry
from raydock.engine.localimage import find_image
from raydock.model.image import ContainerImage
from raydock.model.variant import Variant
from raydock.plan.planner import Planned
from raydock.publish.release import PublishedImage

# A name as of the distribution project's reference grammar; a tag beside a digest says nothing, and CRI-O refuses both.
_FORM = re.compile(
    r"(?P<repository>(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9._-]+(?:/[a-z0-9._-]+)*)(?::\w[\w.-]*)?@"
    r"(?P<digest>sha256:[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class Published:
    """An image with its Ray version, its driver floor (empty for cpu), and whether it is for KubeRay.

    `digest` is empty where it was never pushed; `id` and `fingerprint` where neither engine nor release tells them.
    `labelled` says whether these come from the image's own labels or its release; otherwise from the plan.
    """

    variant: Variant
    repository: str
    digest: str
    ray: str
    min_driver: str
    kuberay: bool
    labelled: bool
    id: str = ""
    fingerprint: str = ""

    @property
    def reference(self) -> str:
        """The image as a manifest names it; empty where it was never pushed."""
        return f"{self.repository}@{self.digest}" if self.digest else ""

    @property
    def tag(self) -> str:
        """The variant's own tag."""
        return f"{self.repository}:{self.variant.name}"


def published(item: Planned, registry: str, stated: str = "") -> Published:
    """A variant's image by digest: the one `stated` (NAME@sha256:...), else what the engine knows of `registry`.

    Raises ConfigurationError where `stated` has no digest or is another variant's image; VariantError where the variant
    is not built, or built and never pushed; OutOfReachError where nothing is stated and no engine answers.
    """
    return _stated(item, stated) if stated else _pushed(item, registry)


def built(item: Planned, registry: str) -> Published:
    """A variant's newest image on the engine, pushed or not.

    Raises OutOfReachError where no engine answers, VariantError where it holds no such image.
    """
    tag, client = f"{registry}:{item.name}", connect()
    image = find_image(client, tag)
    if image is None:
        todo = f"`./build.py build --select 'name={item.name}'`."
        raise VariantError(f"{item.name} is not built on this engine.", todo=todo)
    return _checked(client, of_image(item.variant, registry, image))


def _checked(client: DockerClient, image: Published) -> Published:
    """The image without its digest, if no registry has it.

    With overlay2, an engine has the digest of a manifest from a registry only. With containerd's image store, every
    image has one, which is its id: the engine asks the registry.
    """
    if image.digest == image.id and not is_in_registry(client, image.reference):
        return replace(image, digest="")
    return image


def of_image(variant: Variant, registry: str, image: ContainerImage) -> Published:
    """What an engine knows of a variant's image, with its digest in a registry.

    With containerd's image store, the registry has that digest only if the image was pushed.
    """
    digests = (digest for name, _, digest in (known.partition("@") for known in image.references) if name == registry)
    return _labelled(variant, registry, next(digests, ""), image)


def released(entry: PublishedImage, registry: str) -> Published:
    """What a registry's release says of an image."""
    return Published(
        variant=entry.variant,
        repository=registry,
        digest=entry.digest,
        ray=entry.variant.ray,
        min_driver=entry.planned.min_driver,
        kuberay=entry.planned.kuberay,
        labelled=True,
        id=entry.image_id,
        fingerprint=entry.fingerprint,
    )


_HINT = "name what is published: `--image NAME@sha256:...`."


def _stated(item: Planned, stated: str) -> Published:
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
        return _labelled(item.variant, match["repository"], match["digest"], image)
    return Published(
        variant=item.variant,
        repository=match["repository"],
        digest=match["digest"],
        ray=item.variant.ray,
        min_driver=item.min_driver,
        kuberay=item.kuberay,
        labelled=False,
    )


def _pushed(item: Planned, registry: str) -> Published:
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


def _labelled(variant: Variant, repository: str, digest: str, image: ContainerImage) -> Published:
    return Published(
        variant=variant,
        repository=repository,
        digest=digest,
        ray=variant.ray if image.labels.ray is None else image.labels.ray,
        min_driver=image.labels.min_driver or "",
        kuberay=image.labels.kuberay,
        labelled=True,
        id=image.id,
        fingerprint=image.fingerprint,
    )
