"""A container's limits and security context in the engine's words."""

from dataclasses import dataclass
from typing import Any

from docker import DockerClient

from tests.support.kuberay.objects import Container, Security


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the engine's machine has: cores and bytes."""

    cpus: int
    memory: int


def machine(client: DockerClient) -> Machine:
    """The engine's machine."""
    info = client.info()
    return Machine(cpus=info["NCPU"], memory=info["MemTotal"])


def limited(container: Container, within: Machine) -> dict[str, Any]:
    """Its limits, none larger than the machine, and no swap, as on a Kubernetes node; a CPU request is a weight."""
    found: dict[str, Any] = {}
    if container.cpu_limit is not None:
        found["nano_cpus"] = int(min(container.cpu_limit, within.cpus) * 10**9)
    if container.cpu_request:
        found["cpu_shares"] = max(2, int(container.cpu_request * 1024))
    if container.memory_limit is not None:
        found["mem_limit"] = found["memswap_limit"] = min(container.memory_limit, within.memory)
    return found


def secured(container: Container, image_user: str) -> dict[str, Any]:
    """Its security context. Raises AssertionError, with the kubelet's reason, where runAsNonRoot is not met."""
    context = container.security
    user = _user(context, image_user)
    if context.must_not_be_root:
        number = user.split(":")[0]
        assert number.isdecimal(), f"container has runAsNonRoot and image has non-numeric user ({number!r})"
        assert int(number), "container has runAsNonRoot and image will run as root"
    return {
        "user": user,
        "group_add": [] if context.extra_group is None else [str(context.extra_group)],
        "cap_drop": list(context.dropped),
        "security_opt": [] if context.may_gain else ["no-new-privileges"],
        "read_only": context.read_only_root,
    }


def _user(context: Security, image_user: str) -> str:
    user = image_user if context.user is None else str(context.user)
    return user if context.group is None else f"{user.split(':')[0]}:{context.group}"
