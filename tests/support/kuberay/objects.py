"""Pods as a kubelet is told them: values without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A question to a container: a command, or a path and port on the pod's address; times in seconds."""

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
    """An empty directory, in memory or on the disk, of at most `size` bytes."""

    name: str
    in_memory: bool
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Files:
    """A ConfigMap's files, by path."""

    name: str
    files: Mapping[str, str]
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True)
class Mount:
    """Where a container sees a volume."""

    volume: str
    path: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Security:
    """A container's security context together with its pod's."""

    user: int | None = None
    group: int | None = None
    extra_group: int | None = None
    must_not_be_root: bool = False
    may_gain: bool = True
    read_only_root: bool = False
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container; limits and requests in cores and bytes, None where there is none."""

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
    """A pod; `services` are the Services that name it from its start, ready or not."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    init: tuple[Container, ...] = ()
    containers: tuple[Container, ...]
    volumes: tuple[EmptyDir | Files, ...] = ()
    services: tuple[str, ...] = ()
