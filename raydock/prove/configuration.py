"""What only the engine can say of an image: its id, its user, its environment, its labels."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from docker import DockerClient
from docker.errors import ImageNotFound

from raydock.errors import VariantError
from raydock.prove.probe.session import FOREIGN

NAME_LABEL = "org.opencontainers.image.version"
# "false" on an image that KubeRay shall not run; others lack it.
KUBERAY_LABEL = "raydock.kuberay"
_NOT_ROOT = re.compile(r"[1-9]\d*(:\d+)?")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What the engine says of an image: its id, the user it names, the names in its environment, its labels."""

    id: str
    user: str
    variables: frozenset[str]
    labels: dict[str, str]

    @property
    def foreign(self) -> list[str]:
        """The variables of its environment that mislead Ray."""
        return [name for name in FOREIGN if name in self.variables]

    @property
    def for_kuberay(self) -> bool:
        """Whether KubeRay shall run it."""
        return for_kuberay(self.labels)

    @property
    def is_non_root(self) -> bool:
        """Whether Kubernetes' runAsNonRoot takes its user: a number that is not 0."""
        return bool(_NOT_ROOT.fullmatch(self.user))


def for_kuberay(labels: Mapping[str, str]) -> bool:
    """Whether KubeRay shall run the image that has these labels."""
    return labels.get(KUBERAY_LABEL) != "false"


def inspect(
    client: DockerClient, image: str, todo: str = "build it first: `./build.py build`, or `make images`."
) -> Configuration:
    """Asks the engine for an image's configuration. Raises VariantError where it holds no such image."""
    try:
        document = client.api.inspect_image(image)
    except ImageNotFound:
        raise VariantError(f"the engine holds no image {image}.", todo=todo) from None
    config = document.get("Config") or {}
    return Configuration(
        id=document["Id"],
        user=config.get("User") or "",
        variables=frozenset(line.partition("=")[0] for line in config.get("Env") or ()),
        labels=config.get("Labels") or {},
    )
