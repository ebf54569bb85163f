"""The platform of an image, and whether an engine runs it without emulation."""

from collections.abc import Mapping
from typing import Any

from docker import DockerClient

from raydock.core.errors import VariantError

# Names of uname and older engines, and Go's names of these architectures (moby's `Architecture` and `Arch`).
_NAMES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}
_UNKNOWN = ("", "unknown")
# The platform of every image that raydock builds.
BUILT = "linux/amd64"


def platform(document: Mapping[str, Any]) -> str:
    """The platform of an inspected image, such as linux/arm64/v8."""
    system = str(document.get("Os") or "linux").lower()
    machine, variant = _name(document.get("Architecture")), str(document.get("Variant") or "")
    return "/".join(part for part in (system, machine, variant) if part)


def require_native(client: DockerClient, image: str, image_platform: str) -> None:
    """Refuse an image for a different platform than the engine's.

    Emulation does not count.

    `image`: the name that the user gave. Variants (v8) are not compared, because an engine does not report its own.

    Raises VariantError if the architectures differ. An image without an architecture passes.
    """
    answer = client.version()
    own = f"{str(answer.get('Os') or 'linux').lower()}/{_name(answer.get('Arch'))}"
    if image_platform.split("/")[:2] == own.split("/") or _is_unknown(image_platform) or _is_unknown(own):
        return
    raise VariantError(
        f"{image} is for another architecture: it is for {image_platform}, and the engine runs {own}.",
        meaning="Nothing was run in it. Results under emulation (QEMU, Rosetta) would not be valid.",
        todo=f"use an engine on {image_platform.partition('/')[2]} (DOCKER_HOST, --host), or an image for {own}"
        f" (`docker pull --platform {own} IMAGE`).",
    )


def _is_unknown(platform: str) -> bool:
    return platform.partition("/")[2].partition("/")[0] in _UNKNOWN


def _name(machine: object) -> str:
    name = str(machine or "").lower()
    return _NAMES.get(name, name)
