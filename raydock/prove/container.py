"""Containers that prove an image: bounded in memory and time, without a network, and gone whatever happens."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Timer

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container

from raydock.errors import VariantError

LABEL = "raydock.smoke"
# Which run of raydock a container belongs to, so that one run never ends another's.
RUN_LABEL = "raydock.smoke.run"
RUN = uuid.uuid4().hex
LABELS = {LABEL: "1", RUN_LABEL: RUN}


Stream = Iterable[tuple[bytes | None, bytes | None]]


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


@contextmanager
def created(client: DockerClient, image: str, command: Sequence[str], limits: Limits) -> Iterator[Container]:
    """A container of the image, as its own user, with `command` in place of entrypoint and command, not yet started.

    It is killed and removed on the way out.
    """
    name = f"raydock-smoke-{uuid.uuid4().hex[:12]}"
    try:
        yield client.containers.create(
            image,
            list(command[1:]),
            name=name,
            entrypoint=[command[0]],
            labels=LABELS,
            network_mode="none",
            shm_size=limits.shm,
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
        )
    finally:
        remove(client, name)


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
        except APIError:
            stream.close()

    timer = Timer(seconds, kill)
    timer.daemon = True
    try:
        start(container)
        timer.start()
        out, err = _read(stream, on_line)
        status = int(container.wait()["StatusCode"])
    finally:
        timer.cancel()
    container.reload()
    killed = bool(container.attrs["State"].get("OOMKilled"))
    return Ended(out=out, err=err, status=status, out_of_memory=killed and status == 137, in_time=not late.is_set())


def stop_all(client: DockerClient) -> None:
    """Removes every container of this run of raydock, so that threads which wait for one go on at once."""
    for found in client.api.containers(all=True, filters={"label": f"{RUN_LABEL}={RUN}"}):
        remove(client, found["Id"])


def remove(client: DockerClient, container: str) -> None:
    """Removes a container and its nameless volumes, running or not, there or not."""
    try:
        client.api.remove_container(container, force=True, v=True)
    except APIError as error:
        if error.status_code not in {404, 409}:  # gone, or somebody else is at it
            raise


def start(container: Container) -> None:
    """Starts a container. Raises VariantError where the image has no such command."""
    try:
        container.start()
    except APIError as error:
        config = container.attrs["Config"]
        if "executable file not found" in str(error) or "no such file or directory" in str(error):
            raise VariantError(
                f"{config['Image']} has no `{config['Entrypoint'][0]}`.",
                meaning="It is no image that this raydock built, or a damaged one.",
                todo="build it with `./build.py build`.",
            ) from None
        raise


def _read(stream: Stream, on_line: Callable[[str], None]) -> tuple[str, str]:
    out, err, told = b"", b"", 0
    for more_out, more_err in stream:
        out += more_out or b""
        err += more_err or b""
        while (end := err.find(b"\n", told)) >= 0:
            on_line(err[told:end].decode("utf-8", "replace"))
            told = end + 1
    return out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
