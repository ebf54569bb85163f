"""Puts a pipeline together for one engine and one checkout."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import docker
from docker.errors import APIError

from raydock.builder import basemaker, secrets
from raydock.builder.schedule import Builder
from raydock.core import workfolder
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.core.events import Listener
from raydock.engine.client import connect, reaching
from raydock.engine.endpoint import Endpoint
from raydock.engine.localimage import listed_images
from raydock.model import policy
from raydock.model.labels import Label
from raydock.pipeline.pipeline import Pipeline
from raydock.pipeline.project import Project
from raydock.scan import database, trivy
from raydock.scan.scanner import Scanner


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
        secrets=secrets.gather(bundle),
        listener=listener,
        jobs=jobs,
        no_cache=no_cache,
    )
    return Pipeline(project=project, client=client, builder=builder, listener=listener, jobs=jobs)


def scanner(project: Project, listener: Listener, endpoint: Endpoint, folder: Path | None, repository: str) -> Scanner:
    """A scanner of an engine's images, with a vulnerability database: a folder's, else the newest of an OCI repository
    (empty: trivy's own).

    Raises OutOfReachError where there is no trivy, ConfigurationError where scan.yaml is wrong.
    """
    rules, now = policy.load(project.checkout.policy), datetime.now(UTC)
    runner = trivy.Trivy(program=trivy.find(), folder=project.checkout.trivy, endpoint=endpoint)
    runner.sweep()
    if not folder:
        listener("vulnerability database", "fetching it where it is due")
    return Scanner(
        trivy=runner,
        database=database.find(runner, folder, repository, rules.database_days, now),
        policy=rules,
        checkout=project.checkout,
        registry=project.matrix.registry,
        listener=listener,
        now=now,
    )


def clean(checkout: Checkout) -> tuple[int, int]:
    """Removes the working folder, the bases and the images that a newer build left without a tag.

    Returns how many bases and how many such images. One that a container still runs from stays.
    """
    client = connect()
    # variants inherit the label of their base
    old = [image for image, tags in listed_images(client, Label.BASE_RECIPE).items() if not tags]
    with reaching("removing images"):
        removed = sum(_removed(client, image) for image in old)
        bases = basemaker.tags(client)
        for ref in bases:
            client.images.remove(ref, force=True)
    workfolder.remove(checkout)
    return len(bases), removed


def _removed(client: docker.DockerClient, image: str) -> bool:
    try:
        client.images.remove(image)
    except APIError as error:
        if error.status_code not in {404, 409}:  # gone with its child, or in use
            raise
        return False
    return True
