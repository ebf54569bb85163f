"""Containers that test an image: bounded in memory and time, with no way to the outside, and gone whatever happens."""

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from threading import Event, Timer

from docker import DockerClient
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from raydock.core.archive import tar
from raydock.engine import streams
from raydock.engine.client import reaching
from raydock.engine.errors import ENGINE_ERRORS
from raydock.engine.gpu_access import INFINIBAND
from raydock.engine.gpu_errors import refusal, start_failure

LABEL = "raydock.smoke"
# Which run of raydock a container belongs to, so that one run never ends another's: machine, process, something unique.
RUN_LABEL = "raydock.smoke.run"
RUN = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"
LABELS = {LABEL: "1", RUN_LABEL: RUN}
NO_NETWORK = "none"
_REMOVAL_SECONDS = 20.0
# What a command ends with that SIGKILL ends.
_KILLED = 137
# Of what a container prints the engine keeps this much, readable whatever its default log driver is.
_LOG = LogConfig(type=LogConfig.types.JSON, config={"max-size": "32m", "max-file": "2"})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a smoke may use: memory and /dev/shm in bytes, seconds for the probe's answers and for a cold head's."""

    memory: int = 8 * 2**30
    shm: int = 2**30
    probe: float = 900.0
    cold: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a container's command ended; `in_time` is False where its time limit ended it."""

    out: str
    err: str
    status: int
    out_of_memory: bool
    in_time: bool


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What gives a container GPUs: devices by their CDI names, or a runtime of the engine's and its environment.

    `folders`: folders of the host that the container sees read-only at the same path; `infiniband`: it gets the host's
    /dev/infiniband, and may lock memory as RDMA does.
    """

    devices: tuple[str, ...] = ()
    runtime: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    infiniband: bool = False

    @property
    def words(self) -> str:
        """How the GPUs were reached, and which."""
        return f"by CDI {', '.join(self.devices)}" if self.devices else f"by the runtime {self.runtime}"

    def requests(self) -> list[DeviceRequest] | None:
        """The devices as the engine's API asks for them."""
        return [DeviceRequest(driver="cdi", device_ids=list(self.devices))] if self.devices else None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms a container runs: like a pod's, as far as Docker has them.

    `by_entrypoint`: the image's ENTRYPOINT runs the command, as for `docker run IMAGE COMMAND`; `network`, where its
    name is its address; CPUs (0: all); environment; `user` in place of the image's; `restricted`: no capability and
    no new privileges; `files`: what is mounted, by path, each in a volume of its own; `mounts`: folders of the host by
    the path at which they are seen, read-only; `archive`: a tar, unpacked at the root; `read_only_with`: folders in
    memory, if the root file system is read-only but for them.
    """

    by_entrypoint: bool = False
    network: str = NO_NETWORK
    cpus: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    restricted: bool = False
    files: Mapping[PurePosixPath, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    archive: bytes = b""
    read_only_with: Sequence[str] = ()
    grant: Grant = Grant()


ALONE = Terms()


@contextmanager
def created(
    client: DockerClient, image: str, command: Sequence[str], limits: Limits, terms: Terms = ALONE
) -> Iterator[Container]:
    """A container of the image, not yet started: `command` replaces CMD, and ENTRYPOINT unless `terms` keep that.

    It is killed and removed on the way out, with its volumes.
    """
    name = f"raydock-smoke-{uuid.uuid4().hex[:12]}"
    try:
        container = client.containers.create(
            image,
            list(command if terms.by_entrypoint else command[1:]),
            name=name,
            entrypoint=None if terms.by_entrypoint else [command[0]],
            labels=LABELS,
            network=terms.network,
            shm_size=limits.shm,
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
            nano_cpus=round(terms.cpus * 1e9) or None,
            environment={**terms.environment, **terms.grant.environment},
            device_requests=terms.grant.requests(),
            runtime=terms.grant.runtime,
            devices=[INFINIBAND] if terms.grant.infiniband else None,
            ulimits=[Ulimit(name="memlock", soft=-1, hard=-1)] if terms.grant.infiniband else None,
            user=terms.user,
            cap_drop=["ALL"] if terms.restricted else None,
            security_opt=["no-new-privileges"] if terms.restricted else None,
            volumes=[str(path.parent) for path in terms.files],
            mounts=[Mount(at, folder, type="bind", read_only=True) for at, folder in _mounts(terms).items()],
            read_only=bool(terms.read_only_with),
            tmpfs=dict.fromkeys(terms.read_only_with, "exec,mode=1777"),
            log_config=_LOG,
            use_config_proxy=False,  # a pod has no proxy either, and what is asked here is close by
        )
        if terms.archive:
            container.put_archive("/", terms.archive)
        for path, text in terms.files.items():  # everybody may read them and root owns them, as a ConfigMap's
            container.put_archive(str(path.parent), tar({path.name: text.encode()}))
        yield container
    finally:
        remove(client, name)


def _mounts(terms: Terms) -> dict[str, str]:
    return {**terms.mounts, **{folder: folder for folder in terms.grant.folders}}


@contextmanager
def network(client: DockerClient) -> Iterator[str]:
    """A network without a way out, on which containers find each other by name; removed afterwards, with all in it."""
    name = f"raydock-smoke-{uuid.uuid4().hex[:12]}"
    try:
        client.networks.create(name, internal=True, labels=LABELS)
        yield name
    finally:
        _remove_network(client, name)


def follow(container: Container, on_line: Callable[[str], None], seconds: float) -> Ended:
    """Starts a container, reads its output until it ends and tells every line of its stderr; kills it after `seconds`.

    Raises VariantError where the image has no such command.
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

    timer = Timer(seconds, kill)
    timer.daemon = True
    try:
        start(container)
        timer.start()
        out, err = streams.read(stream, on_line)
        status, out_of_memory = _end(container)
    finally:
        timer.cancel()
    return Ended(out=out, err=err, status=status, out_of_memory=out_of_memory, in_time=not late.is_set())


def stop_all(client: DockerClient) -> None:
    """Removes every container of this run of raydock, so that threads which wait for one go on at once.

    If the engine is gone, `sweep` removes them in the next run.
    """
    with suppress(*ENGINE_ERRORS):
        for found in client.api.containers(all=True, filters={"label": f"{RUN_LABEL}={RUN}"}):
            remove(client, found["Id"])


def sweep(client: DockerClient) -> None:
    """Removes what runs on this machine left behind that were killed, or whose engine died."""
    with reaching("removing what earlier runs left behind"):
        for found in client.api.containers(all=True, filters={"label": LABEL}):
            if is_over(found["Labels"].get(RUN_LABEL, "")):
                remove(client, found["Id"])
        for found in client.api.networks(filters={"label": LABEL}):
            if is_over(found["Labels"].get(RUN_LABEL, "")):
                _remove_network(client, found["Name"])


def is_over(run: str) -> bool:
    """Whether a run (as RUN_LABEL names it) was one of this machine's whose process is gone."""
    host, _, rest = run.partition("/")
    process = rest.partition("/")[0]
    if host != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's
        return False
    return False


def remove(client: DockerClient, container: str) -> None:
    """Removes a container and its nameless volumes, running or not, there or not."""
    try:
        client.api.remove_container(container, force=True, v=True)
    except APIError as error:
        if error.status_code not in {404, 409}:  # gone, or somebody else is at it
            raise


def _remove_network(client: DockerClient, name: str) -> None:
    """Removes a network once nothing is in it: another thread may be at removing its containers."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while inside := client.api.containers(all=True, filters={"network": name}):
        for found in inside:
            remove(client, found["Id"])
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    try:
        client.api.remove_network(name)
    except APIError as error:
        if error.status_code != 404:
            raise


def start(container: Container) -> None:
    """Starts a container. Raises VariantError if the image cannot run its command, GrantError if GPUs are denied."""
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
    """The exit status of a container that ends, and whether its memory was used up."""
    try:
        status = int(container.wait()["StatusCode"])
        container.reload()
    except NotFound:  # stop_all was quicker
        return _KILLED, False
    return status, status == _KILLED and bool(container.attrs["State"].get("OOMKilled"))
