"""For which machines an image is made, and which of them an engine runs without emulation."""

from collections.abc import Mapping
from typing import Any

from docker import DockerClient

from raydock.core.errors import VariantError

# What uname and older engines call Go's names of architectures (moby's `Architecture` and `Arch`).
_NAMES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}
_UNKNOWN = ("", "unknown")
# The platform of every image that raydock builds.
BUILT = "linux/amd64"


def platform(document: Mapping[str, Any]) -> str:
    """The platform of the image that an engine's answer to `inspect` describes, such as linux/arm64/v8."""
    system = str(document.get("Os") or "linux").lower()
    machine, variant = _name(document.get("Architecture")), str(document.get("Variant") or "")
    return "/".join(part for part in (system, machine, variant) if part)


def require_native(client: DockerClient, image: str, wanted: str) -> None:
    """Refuse an image for another platform than the engine's, whether emulation would start it or not.

    `image`: what the user calls it; `wanted`: its platform. Variants (v8) are not compared: an engine reports none.

    Raises VariantError if the architectures differ. An image that names no architecture passes.
    """
    answer = client.version()
    own = f"{str(answer.get('Os') or 'linux').lower()}/{_name(answer.get('Arch'))}"
    if wanted.split("/")[:2] == own.split("/") or _is_unknown(wanted) or _is_unknown(own):
        return
    raise VariantError(
        f"{image} is for another architecture: it is for {wanted}, and the engine runs {own}.",
        meaning="Nothing was run in it. Results under emulation (QEMU, Rosetta) would not hold on its own machines.",
        todo=f"use an engine on {wanted.partition('/')[2]} (DOCKER_HOST, --host), or an image for {own}"
        f" (`docker pull --platform {own} IMAGE`).",
    )


def _is_unknown(platform: str) -> bool:
    return platform.partition("/")[2].partition("/")[0] in _UNKNOWN


def _name(machine: object) -> str:
    name = str(machine or "").lower()
    return _NAMES.get(name, name)
