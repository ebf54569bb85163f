"""A Kubernetes node on a Docker engine: the network, the volumes and the containers of pods.

A pod is a sleeping container with the pod's name, address and volumes, and the pod's containers in its network
namespace. A Service's endpoints are a network that pods join and leave.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import uuid4

import docker
from docker.models.containers import Container as Running
from docker.models.networks import Network
from docker.types import Mount

from raydock.core.archive import tar
from raydock.engine.cleanup import LABELS, remove
from raydock.engine.container import CommandResult, run_to_end
from tests.support.kuberay.limits import limited, machine, secured
from tests.support.kuberay.manifest import domain
from tests.support.kuberay.objects import Container, EmptyDir, Files, Pod

NODE_LABEL = "raydock.kuberay"
POD_LABEL = f"{NODE_LABEL}.pod"
_VOLUMES = "/pod"


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What an admission webhook adds to every container of a pod.

    Attributes:
        environment: variables.
        folder: the folder of the files.
        files: files by name.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/etc/admission"
    files: Mapping[str, str] = field(default_factory=dict)


class Node:
    """A node that runs pods, and removes everything that it made when the context ends."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        self.admission = Admission()
        self.on_exit = ExitStack()
        self.id = f"raydock-kuberay-{uuid4().hex[:8]}"
        self.labels = {**LABELS, NODE_LABEL: self.id}
        self._machine = machine(client)
        self._network: Network = None

    def __enter__(self) -> Self:
        self._network = self._new_network(self.id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.on_exit.close()
        finally:
            self._remove_all()

    def _remove_all(self) -> None:
        for container in self.containers():
            remove(self.client, container.id)
        for network in self.client.networks.list(filters=self._own):
            network.remove()
        for volume in self.volumes():
            volume.remove(force=True)

    @property
    def _own(self) -> dict[str, str]:
        return {"label": f"{NODE_LABEL}={self.id}"}

    def containers(self, pod: str = "") -> list[Running]:
        """Return the containers of this node, or of one of its pods, running or not."""
        containers: list[Running] = self.client.containers.list(all=True, filters=self._own, ignore_removed=True)
        return [container for container in containers if pod in {"", container.labels[POD_LABEL]}]

    def volumes(self, pod: str = "") -> list[docker.models.volumes.Volume]:
        """Return the volumes of this node's pods, or of one of them."""
        volumes: list[docker.models.volumes.Volume] = self.client.volumes.list(filters=self._own)
        return [volume for volume in volumes if pod in {"", volume.attrs["Labels"][POD_LABEL]}]

    def new_service(self, name: str, namespace: str) -> "Service":
        """Create a Service without endpoints."""
        return Service(self._new_network(f"{self.id}-{name}"), names(name, namespace))

    def sandbox(self, pod: Pod, services: Sequence[str] = (), network: Network = None) -> Running:
        """Start a pod's sandbox with its name, its address under the names of `services`, and its volumes."""
        network = network or self._network
        aliases = [alias for service in services for alias in names(service, pod.namespace)]
        points = self.client.api.create_endpoint_config(aliases=aliases)
        made: Running = self.client.containers.create(
            pod.containers[0].image,
            ["-c", "trap 'exit 0' TERM; sleep infinity & wait"],
            entrypoint=["/bin/bash"],
            name=f"{self.id}-{pod.name}",
            hostname=pod.name[:63],
            user="0",
            network=network.name,
            networking_config={network.name: points},
            mounts=[self._volume(pod, volume) for volume in self._all_volumes(pod)],
            labels=self._labels(pod),
            use_config_proxy=False,
        )
        made.start()
        self._fill(made, pod)
        return made

    def create(self, pod: Pod, sandbox: Running, container: Container) -> Running:
        """Create one container of a pod whose sandbox runs."""
        user = self.client.images.get(container.image).attrs["Config"].get("User") or "0"
        mounts = [
            Mount(mount.path, self._volume_name(pod, mount.volume), no_copy=True, read_only=mount.read_only)
            for mount in container.mounts
        ]
        if self.admission.files:
            mounts.append(
                Mount(self.admission.folder, self._volume_name(pod, "admission"), read_only=True, no_copy=True)
            )
        made: Running = self.client.containers.create(
            container.image,
            list((*container.command, *container.args)[1:]) if container.command else list(container.args),
            entrypoint=list(container.command[:1]) or None,
            name=f"{self.id}-{pod.name}-{container.name}",
            environment={**self.admission.environment, **container.environment},
            network_mode=f"container:{sandbox.id}",
            mounts=mounts,
            labels=self._labels(pod),
            use_config_proxy=False,
            **limited(container, self._machine),
            **secured(container, user),
        )
        return made

    def complete(self, pod: Pod, seconds: float) -> CommandResult:
        """Run a pod of one container to its end, remove it and return how it ended."""
        try:
            sandbox = self.sandbox(pod)
            return run_to_end(self.create(pod, sandbox, pod.containers[0]), lambda _: None, seconds)
        finally:
            self.delete(pod)

    def delete(self, pod: Pod) -> None:
        """Remove a pod with its volumes."""
        for container in self.containers(pod.name):
            remove(self.client, container.id)
        for volume in self.volumes(pod.name):
            volume.remove(force=True)

    def address(self, sandbox: Running) -> str:
        """Return the address of a pod."""
        sandbox.reload()
        return str(sandbox.attrs["NetworkSettings"]["Networks"][self._network.name]["IPAddress"])

    def _new_network(self, name: str) -> Network:
        return self.client.networks.create(name, internal=True, labels=self.labels)

    def _all_volumes(self, pod: Pod) -> list[EmptyDir | Files]:
        files = self.admission.files
        return [*pod.volumes, *([Files(name="admission", files=files)] if files else [])]

    def _labels(self, pod: Pod) -> dict[str, str]:
        return {**self.labels, POD_LABEL: pod.name}

    def _volume_name(self, pod: Pod, volume: str) -> str:
        return f"{self.id}-{pod.name}-{volume}"

    def _volume(self, pod: Pod, volume: EmptyDir | Files) -> Mount:
        options = {}
        if isinstance(volume, EmptyDir) and volume.in_memory:
            size = min(volume.size or self._machine.memory // 2, self._machine.memory)
            options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={size}"}
        name = self._volume_name(pod, volume.name)
        self.client.volumes.create(name, driver="local", driver_opts=options, labels=self._labels(pod))
        return Mount(f"{_VOLUMES}/{volume.name}", name, no_copy=True)

    def _fill(self, sandbox: Running, pod: Pod) -> None:
        """Prepare every volume as a kubelet does: every user can write an emptyDir, a ConfigMap has its files."""
        for volume in self._all_volumes(pod):
            path = f"{_VOLUMES}/{volume.name}"
            if isinstance(volume, Files):
                files = {name: text.encode() for name, text in volume.files.items()}
                assert sandbox.put_archive(path, tar(files))
                sandbox.exec_run(["chmod", f"{volume.mode:o}", *(f"{path}/{name}" for name in files)])
            else:
                sandbox.exec_run(["chmod", "0777", path])


@dataclass(frozen=True)
class Service:
    """A Service: a network on which its endpoints have its names.

    Attributes:
        network: the network.
        names: the names.
    """

    network: Network
    names: list[str]

    def add(self, sandbox: Running) -> None:
        """Add a pod to the endpoints."""
        self.network.connect(sandbox, aliases=self.names)

    def drop(self, sandbox: Running) -> None:
        """Remove a pod from the endpoints."""
        self.network.disconnect(sandbox, force=True)


def names(service: str, namespace: str) -> list[str]:
    """Return the names of a Service in its own namespace."""
    return [service, f"{service}.{namespace}", f"{service}.{namespace}.svc", domain(service, namespace)]
