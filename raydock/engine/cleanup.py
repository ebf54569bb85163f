"""Remove the containers, networks and volumes of smoke tests: those of this run, and those that earlier runs left."""

import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock

from docker import DockerClient
from docker.errors import APIError

from raydock.engine.client import reaching
from raydock.engine.errors import ENGINE_ERRORS

LABEL = "raydock.smoke"
# The run of raydock that a container belongs to, so that a run never removes containers of a different one: host name,
# process id, unique id.
RUN_LABEL = "raydock.smoke.run"
RUN = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"
LABELS = {LABEL: "1", RUN_LABEL: RUN}
# Set when this run ends: it creates no container and no network after that.
ENDED = Event()
# Held while a container or network is created.
_CREATION = Lock()
_CREATION_SECONDS = 5.0
_REMOVAL_SECONDS = 20.0


@contextmanager
def creation() -> Iterator[None]:
    """The block creates one container or network of this run.

    Raises KeyboardInterrupt after `stop_all`.
    """
    with _CREATION:
        if ENDED.is_set():
            raise KeyboardInterrupt
        yield


def stop_all(client: DockerClient) -> None:
    """Remove every container of this run, so that waiting threads continue, and let the run create no more."""
    ENDED.set()
    if _CREATION.acquire(timeout=_CREATION_SECONDS):  # a container that is being created is in the list after that
        _CREATION.release()
    remove_all(client)


def remove_all(client: DockerClient) -> None:
    """Remove every container of this run, so that waiting threads continue.

    If the engine does not answer, `sweep` removes them in the next run.
    """
    with suppress(*ENGINE_ERRORS):
        for container in client.api.containers(all=True, filters={"label": f"{RUN_LABEL}={RUN}"}):
            remove(client, container["Id"])


def sweep(client: DockerClient) -> None:
    """Remove what killed runs on this machine left."""
    with reaching("removing containers, networks and volumes of earlier runs"):
        for container in client.api.containers(all=True, filters={"label": LABEL}):
            if is_over(container["Labels"].get(RUN_LABEL, "")):
                remove(client, container["Id"])
        for listed in client.api.networks(filters={"label": LABEL}):
            if is_over(listed["Labels"].get(RUN_LABEL, "")):
                remove_network(client, listed["Name"])
        # An engine that was killed can forget which volumes its containers have (Docker 28.5).
        for volume in client.api.volumes(filters={"label": LABEL})["Volumes"] or ():
            if is_over(volume["Labels"].get(RUN_LABEL, "")):
                client.api.remove_volume(volume["Name"])


def is_over(run: str) -> bool:
    """Whether a run was on this machine and its process has ended.

    `run`: a value of RUN_LABEL.
    """
    host, _, rest = run.partition("/")
    process = rest.partition("/")[0]
    if host != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except OSError as error:  # PermissionError: the process of a different user
        return isinstance(error, ProcessLookupError)
    return False


def remove(client: DockerClient, container: str) -> None:
    """Remove a container and its anonymous volumes, even if it runs.

    It may be missing. If a different thread is removing it, this waits until it is gone.
    """
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while True:
        try:
            client.api.remove_container(container, force=True, v=True)
            return
        except APIError as error:
            if error.status_code not in {404, 409}:
                raise
            if error.status_code == 404 or time.monotonic() > deadline:  # `sweep` removes what is stuck
                return
            time.sleep(0.05)


def remove_network(client: DockerClient, name: str) -> None:
    """Remove a network once it is empty.

    A different thread may be removing its containers.
    """
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while inside := client.api.containers(all=True, filters={"network": name}):
        for container in inside:
            remove(client, container["Id"])
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    try:
        client.api.remove_network(name)
    except APIError as error:
        if error.status_code != 404:
            raise
