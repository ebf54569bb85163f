"""The Docker engine, through its SDK: everything but building, which needs buildx."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
from docker.context import ContextAPI
from docker.errors import APIError, DockerException

from raydock.errors import OutOfReachError, first_line

TODO = "run `scripts/engine`, which starts or installs one, or point DOCKER_HOST at one that answers."


def connect() -> docker.DockerClient:
    """A client of the engine that the docker command line would use. Raises OutOfReachError where none answers."""
    try:
        if "DOCKER_HOST" in os.environ:
            client = docker.from_env(timeout=600)
        else:
            client = docker.DockerClient(base_url=host(), timeout=600)
        client.ping()
    except (DockerException, requests.RequestException) as error:
        raise OutOfReachError(
            f"no Docker engine answers: {_short(error)}.", meaning="Nothing was built or changed.", todo=TODO
        ) from None
    return client


def host() -> str | None:
    """The engine's address: DOCKER_HOST, or what the docker command line's current context says; None: the default."""
    context = None if "DOCKER_HOST" in os.environ else ContextAPI.get_current_context()
    return os.environ.get("DOCKER_HOST") or (str(context.Host) if context else None)


@contextmanager
def reaching(doing: str) -> Iterator[None]:
    """Turns an engine that refuses or goes away meanwhile into an OutOfReachError that says what was being done."""
    try:
        yield
    except APIError as error:  # a RequestException too
        raise OutOfReachError(
            f"the Docker engine refused while {doing}: {error.explanation or error}.",
            todo="read its log (`journalctl -u docker`, or the file that scripts/engine names), mend that, run again.",
        ) from None
    except requests.RequestException as error:
        raise OutOfReachError(f"the Docker engine went away while {doing}: {_short(error)}.", todo=TODO) from None


def uses_containerd_store(client: docker.DockerClient) -> bool:
    """Whether the engine keeps its images in containerd's store, and not in a graph driver such as overlay2."""
    with reaching("reading its settings"):
        status = client.info().get("DriverStatus") or ()
    return any("io.containerd.snapshotter" in str(value) for _, value in status)


def is_in_registry(client: docker.DockerClient, reference: str) -> bool:
    """Whether a registry has NAME@DIGEST, as the engine sees it; False if the registry does not answer the engine."""
    try:
        client.api.inspect_distribution(reference)
    except (DockerException, requests.RequestException):
        return False
    return True


def _short(error: Exception) -> str:
    return first_line(str(error), type(error).__name__)
