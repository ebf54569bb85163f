"""What only the engine can say of an image: its id, its user, its environment, its labels."""

import re
from dataclasses import dataclass

from docker import DockerClient
from docker.errors import ImageNotFound

from raydock.core.errors import VariantError
from raydock.engine.architecture import platform, require_native
from raydock.engine.identity import of_inspected
from raydock.model.labels import ImageLabels
from raydock.probe.session import FOREIGN

_NOT_ROOT = re.compile(r"[1-9]\d*(:\d+)?")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """An image's configuration as the engine reports it.

    Attributes:
        id: the engine's id of the image.
        content: the digest of the image's content, the same in every image store.
        user: the user that the image names.
        variables: the names in its environment.
        labels: its labels.
    """

    id: str
    content: str
    user: str
    variables: frozenset[str]
    labels: ImageLabels

    @property
    def foreign(self) -> list[str]:
        """The variables of its environment that mislead Ray."""
        return [name for name in FOREIGN if name in self.variables]

    @property
    def is_non_root(self) -> bool:
        """Whether Kubernetes' runAsNonRoot takes its user: a number that is not 0."""
        return bool(_NOT_ROOT.fullmatch(self.user))


def inspect(
    client: DockerClient, image: str, todo: str = "build it first: `./build.py build`, or `make images`."
) -> Configuration:
    """Asks the engine for the configuration of an image that is to run.

    Raises VariantError if the engine has no such image, or if the image is for another architecture than the engine's.
    """
    try:
        document = client.api.inspect_image(image)
    except ImageNotFound:
        raise VariantError(f"the engine holds no image {image}.", todo=todo) from None
    require_native(client, image, platform(document))
    config = document.get("Config") or {}
    return Configuration(
        id=document["Id"],
        content=of_inspected(document).content,
        user=config.get("User") or "",
        variables=frozenset(line.partition("=")[0] for line in config.get("Env") or ()),
        labels=ImageLabels(config.get("Labels") or {}),
    )
