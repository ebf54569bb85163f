"""Pods as a kubelet gets them: values without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A probe of a container: a command, or an HTTP path and port on the pod's address.

    Attributes:
        command: the command; empty for HTTP.
        path: the HTTP path, without the leading slash.
        port: the HTTP port.
        initial_delay: seconds before the first probe.
        timeout: seconds until a probe fails.
        period: seconds between probes.
        success_threshold: successes in a row that pass.
        failure_threshold: failures in a row that fail.
    """

    command: tuple[str, ...] = ()
    path: str = ""
    port: int = 0
    initial_delay: int
    timeout: int
    period: int
    success_threshold: int
    failure_threshold: int


@dataclass(frozen=True, kw_only=True)
class EmptyDir:
    """An empty directory.

    Attributes:
        name: the volume's name.
        in_memory: whether it is in memory or on disk.
        size: its limit in bytes, or None.
    """

    name: str
    in_memory: bool
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of a ConfigMap.

    Attributes:
        name: the volume's name.
        files: their texts by path.
        mode: their mode.
    """

    name: str
    files: Mapping[str, str]
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A volume in a container.

    Attributes:
        volume: the volume's name.
        path: its path in the container.
        read_only: whether the container cannot write it.
    """

    volume: str
    path: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Security:
    """The security context of a container, merged with that of its pod.

    Attributes:
        user: runAsUser.
        group: runAsGroup.
        extra_group: fsGroup.
        must_not_be_root: runAsNonRoot.
        may_gain: allowPrivilegeEscalation.
        read_only_root: readOnlyRootFilesystem.
        dropped: the capabilities to drop.
    """

    user: int | None = None
    group: int | None = None
    extra_group: int | None = None
    must_not_be_root: bool = False
    may_gain: bool = True
    read_only_root: bool = False
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container of a pod.

    Attributes:
        name: its name.
        image: its image.
        command: its command; empty for the image's.
        args: its arguments.
        environment: its variables.
        mounts: its volumes.
        cpu_limit: its limit in cores, or None.
        cpu_request: its request in cores, or None.
        memory_limit: its limit in bytes, or None.
        security: its security context.
        readiness: its readiness probe, or None.
        liveness: its liveness probe, or None.
    """

    name: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    cpu_limit: float | None = None
    cpu_request: float | None = None
    memory_limit: int | None = None
    security: Security = Security()
    readiness: Probe | None = None
    liveness: Probe | None = None


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod.

    Attributes:
        name: its name.
        namespace: its namespace.
        labels: its labels.
        init: its init containers, in order.
        containers: its other containers.
        volumes: its volumes.
        services: the Services that name it from its start, whether it is ready or not.
    """

    name: str
    namespace: str
    labels: Mapping[str, str]
    init: tuple[Container, ...] = ()
    containers: tuple[Container, ...]
    volumes: tuple[EmptyDir | Files, ...] = ()
    services: tuple[str, ...] = ()
