"""Puts a pipeline together for one engine and one checkout."""

import shutil
from pathlib import Path

from raydock.build import base, secrets
from raydock.build.builder import Builder
from raydock.build.engine import connect, reaching
from raydock.errors import ConfigurationError
from raydock.events import Listener
from raydock.paths import Checkout
from raydock.pipeline import Pipeline
from raydock.project import Project


def workshop(
    project: Project, listener: Listener, jobs: int, bundle: Path | None = None, no_cache: bool = False
) -> Pipeline:
    """A pipeline on the engine that answers. Raises OutOfReachError where none does."""
    if not shutil.which("docker"):
        raise ConfigurationError(
            "the docker command line is not on PATH, and builds are driven through it.",
            todo="run `scripts/engine`, or install docker-cli and docker-buildx.",
        )
    client = connect()
    builder = Builder(
        client=client,
        checkout=project.checkout,
        matrix=project.matrix,
        secrets=secrets.gather(bundle, tuple(project.matrix.indexes.values())),
        listener=listener,
        jobs=jobs,
        no_cache=no_cache,
    )
    return Pipeline(project=project, client=client, builder=builder, listener=listener, jobs=jobs)


def clean(checkout: Checkout) -> int:
    """Removes the working folder and the bases; returns how many bases."""
    client = connect()
    found = base.existing(client)
    for ref in found:
        with reaching("removing a base"):
            client.images.remove(ref, force=True)
    shutil.rmtree(checkout.work, ignore_errors=True)
    return len(found)
