"""A container's limits and security context as options of the engine."""

from dataclasses import dataclass
from typing import Any

from docker import DockerClient

from tests.support.kuberay.objects import Container, Security


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The resources of the engine's machine.

    Attributes:
        cpus: the number of cores.
        memory: bytes of memory.
    """

    cpus: int
    memory: int


def machine(client: DockerClient) -> Machine:
    """Return the resources of the engine's machine."""
    info = client.info()
    return Machine(cpus=info["NCPU"], memory=info["MemTotal"])


def limited(container: Container, within: Machine) -> dict[str, Any]:
    """Return the options for limits, at most the machine's, without swap as on a Kubernetes node.

    A CPU request is a weight.
    """
    options: dict[str, Any] = {}
    if container.cpu_limit is not None:
        options["nano_cpus"] = int(min(container.cpu_limit, within.cpus) * 10**9)
    if container.cpu_request:
        options["cpu_shares"] = max(2, int(container.cpu_request * 1024))
    if container.memory_limit is not None:
        options["mem_limit"] = options["memswap_limit"] = min(container.memory_limit, within.memory)
    return options


def secured(container: Container, image_user: str) -> dict[str, Any]:
    """Return the options for the security context.

    Raises AssertionError, with the kubelet's reason, if runAsNonRoot is not met.
    """
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
