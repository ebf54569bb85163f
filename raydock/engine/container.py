"""Containers that test an image: limited, without network, always removed."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from threading import Event

from docker import DockerClient
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from raydock.core.archive import tar
from raydock.engine import streams
from raydock.engine.cleanup import LABELS, creation, remove, remove_network
from raydock.engine.errors import ENGINE_ERRORS
from raydock.engine.gpu_access import INFINIBAND
from raydock.engine.start_failures import refusal, start_failure

_ROOT = "/"
# The exit status of a command that SIGKILL ended.
_KILLED = 137
# The engine keeps this much of a container's output, readable with every default log driver.
_LOG = LogConfig(type=LogConfig.types.JSON, config={"max-size": "32m", "max-file": "2"})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a smoke test may use.

    Attributes:
        memory: the container's memory, in bytes.
        shm: the size of /dev/shm, in bytes.
        probe: seconds for the probe's answers.
    """

    memory: int = 8 * 2**30
    shm: int = 2**30
    probe: float = 900.0


@dataclass(frozen=True, kw_only=True)
class CommandResult:
    """How a container's command ended.

    Attributes:
        out: the end of its stdout.
        err: the end of its stderr.
        status: its exit status.
        out_of_memory: it used up its memory.
        in_time: it ended before its time limit.
    """

    out: str
    err: str
    status: int
    out_of_memory: bool
    in_time: bool


@dataclass(frozen=True, kw_only=True)
class Grant:
    """How a container gets GPUs: CDI devices, or a runtime of the engine.

    Attributes:
        devices: the names of CDI devices.
        runtime: the name of the runtime; None for CDI.
        environment: variables for the container.
        folders: folders of the host that the container has read-only at the same path.
        infiniband: the container gets the host's /dev/infiniband, and may lock memory as RDMA does.
    """

    devices: tuple[str, ...] = ()
    runtime: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    infiniband: bool = False

    @property
    def text(self) -> str:
        """How the container gets GPUs, and which, as text."""
        return f"by CDI {', '.join(self.devices)}" if self.devices else f"by the runtime {self.runtime}"

    def requests(self) -> list[DeviceRequest] | None:
        """The devices in the form of the engine's API."""
        return [DeviceRequest(driver="cdi", device_ids=list(self.devices))] if self.devices else None


@dataclass(frozen=True, kw_only=True)
class ContainerOptions:
    """The settings of a container, like a pod's as far as Docker has them.

    Attributes:
        by_entrypoint: the image's ENTRYPOINT runs the command, as for `docker run IMAGE COMMAND`.
        network: its network, on which its name is its address.
        cpus: its CPUs; 0 for all.
        environment: its variables.
        user: its user, in place of the image's.
        restricted: no capabilities and no new privileges.
        files: texts by path, each mounted in a separate volume.
        mounts: folders of the host by their path in the container, read-only.
        archive: a tar that is unpacked in `archive_at`.
        archive_at: the root, or a folder that is a volume.
        read_only_with: the root file system is read-only, except for these folders in memory.
        grant: the GPUs that it gets.
    """

    by_entrypoint: bool = False
    network: str = "none"
    cpus: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    restricted: bool = False
    files: Mapping[PurePosixPath, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    archive: bytes = b""
    archive_at: str = _ROOT
    read_only_with: Sequence[str] = ()
    grant: Grant = Grant()


DEFAULT_OPTIONS = ContainerOptions()


@contextmanager
def create_container(
    client: DockerClient,
    image: str,
    command: Sequence[str],
    limits: Limits,
    options: ContainerOptions = DEFAULT_OPTIONS,
) -> Iterator[Container]:
    """Create a container of the image without starting it, and remove it afterwards.

    `command` replaces CMD, and also ENTRYPOINT unless `options.by_entrypoint` is set. Raises KeyboardInterrupt after
    `stop_all`.
    """
    name, grant = f"raydock-smoke-{uuid.uuid4().hex[:12]}", options.grant
    mounts = {**options.mounts, **{folder: folder for folder in grant.folders}}
    folders = [Mount(at, folder, type="bind", read_only=True) for at, folder in mounts.items()]
    parents = {str(path.parent): None for path in options.files} | {options.archive_at: None}
    volumes = [Mount(parent, None, type="volume", labels=LABELS) for parent in parents if parent != _ROOT]
    try:
        with creation():
            container = client.containers.create(
                image,
                list(command if options.by_entrypoint else command[1:]),
                name=name,
                entrypoint=None if options.by_entrypoint else [command[0]],
                labels=LABELS,
                network=options.network,
                shm_size=limits.shm,
                mem_limit=limits.memory,
                memswap_limit=limits.memory,
                nano_cpus=round(options.cpus * 1e9) or None,
                environment={**options.environment, **grant.environment},
                device_requests=grant.requests(),
                runtime=grant.runtime,
                devices=[INFINIBAND] if grant.infiniband else None,
                ulimits=[Ulimit(name="memlock", soft=-1, hard=-1)] if grant.infiniband else None,
                user=options.user,
                cap_drop=["ALL"] if options.restricted else None,
                security_opt=["no-new-privileges"] if options.restricted else None,
                mounts=[*folders, *volumes],
                read_only=bool(options.read_only_with),
                tmpfs=dict.fromkeys(options.read_only_with, "exec,mode=1777"),
                log_config=_LOG,
                use_config_proxy=False,  # a pod has no proxy either, and all addresses are local
            )
        if options.archive:
            container.put_archive(options.archive_at, options.archive)
        for path, text in options.files.items():  # readable for all users and owned by root, like a ConfigMap's
            container.put_archive(str(path.parent), tar({path.name: text.encode()}))
        yield container
    finally:
        remove(client, name)


@contextmanager
def network(client: DockerClient) -> Iterator[str]:
    """Create an internal network, on which containers find each other by name.

    It is removed afterwards, with all its containers.
    """
    name = f"raydock-smoke-{uuid.uuid4().hex[:12]}"
    try:
        with creation():
            client.networks.create(name, internal=True, labels=LABELS)
        yield name
    finally:
        remove_network(client, name)


def run_to_end(container: Container, on_line: Callable[[str], None], seconds: float) -> CommandResult:
    """Start a container, and read its output until it ends; kill it after `seconds`.

    `on_line` gets every line of stderr. Raises VariantError if the image does not have the command.
    """
    late = Event()
    stream = container.attach(stream=True, demux=True)  # before the start: a container that has ended streams nothing

    def kill() -> None:
        late.set()
        try:
            container.kill()
        except ENGINE_ERRORS:
            with suppress(DockerException):  # over ssh it cannot be closed
                stream.close()

    start(container)
    with streams.time_limit(seconds, kill):
        out, err = streams.read(stream, on_line)
        status, out_of_memory = _end(container)
    return CommandResult(out=out, err=err, status=status, out_of_memory=out_of_memory, in_time=not late.is_set())


def start(container: Container) -> None:
    """Start a container.

    Raises VariantError if the image cannot run its command, GrantError if the engine cannot give it GPUs.
    """
    try:
        container.start()
    except APIError as error:
        if refused := refusal(str(error)):
            raise refused from None
        config = container.attrs.get("Config") or {}
        program = (config.get("Entrypoint") or config.get("Cmd") or [""])[0]
        if failed := start_failure(str(error), str(config.get("Image")), program):
            raise failed from None
        raise


def _end(container: Container) -> tuple[int, bool]:
    """Wait for a container.

    Returns its exit status and whether its memory was used up.
    """
    try:
        status = int(container.wait()["StatusCode"])
        container.reload()
    except NotFound:  # stop_all has removed it
        return _KILLED, False
    return status, status == _KILLED and bool(container.attrs["State"].get("OOMKilled"))
