"""Create the pipeline and the scanner of a checkout, and clean up after them."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from raydock.builder import basemaker, secrets
from raydock.builder.schedule import Builder
from raydock.core import workfolder
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError, RaydockError, VariantError
from raydock.core.events import Listener
from raydock.core.outcomes import attempt, split
from raydock.engine.client import connect, has_bridge, reaching
from raydock.engine.endpoint import Endpoint
from raydock.engine.localimage import listed_images
from raydock.model import policy
from raydock.model.labels import Label
from raydock.pipeline.pipeline import Pipeline
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned
from raydock.scan import database, trivy
from raydock.scan.scanner import Scanner


def create_pipeline(
    project: Project, listener: Listener, jobs: int, bundle: Path | None = None, no_cache: bool = False
) -> Pipeline:
    """Create a pipeline.

    Raises OutOfReachError if no engine answers, ConfigurationError if docker is not on PATH.
    """
    if not shutil.which("docker"):
        raise ConfigurationError(
            "the docker command line is not on PATH, and builds need it.",
            todo="run `scripts/engine`, or install docker-cli and docker-buildx.",
        )
    client = connect()
    builder = Builder(
        client=client,
        checkout=project.checkout,
        matrix=project.matrix,
        secrets=replace(secrets.gather(bundle), has_bridge=has_bridge(client)),
        listener=listener,
        jobs=jobs,
        no_cache=no_cache,
    )
    return Pipeline(project=project, builder=builder)


def create_scanner(
    project: Project, listener: Listener, endpoint: Endpoint, folder: Path | None, repository: str
) -> Scanner:
    """Create a scanner of an engine's images, with a vulnerability database.

    The database is the one in `folder`, else the newest one of an OCI repository (empty: trivy's own).

    Raises OutOfReachError if trivy is not installed, ConfigurationError if scan.yaml is invalid.
    """
    rules, now = policy.load(project.checkout.policy), datetime.now(UTC)
    runner = trivy.Trivy(program=trivy.find(), folder=project.checkout.trivy, endpoint=endpoint)
    runner.sweep()
    if not folder:
        listener("vulnerability database", "downloading it if it is due")
    return Scanner(
        trivy=runner,
        database=database.find(runner, folder, repository, rules.vulnerabilities.database_days, now),
        policy=rules,
        checkout=project.checkout,
        registry=project.matrix.registry,
        listener=listener,
        now=now,
    )


def clean(checkout: Checkout) -> tuple[int, int]:
    """Remove the work folder, the bases, and replaced images without a tag.

    Returns the number of removed bases and images. The image of a running container stays.
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


def clean_variants(project: Project, chosen: Iterable[Planned]) -> tuple[list[str], dict[str, RaydockError]]:
    """Remove the images of variants from this engine, with their logs and reports.

    Returns the names whose image was removed, and why an image stays, by name.
    """
    client, removed = connect(), {}
    for planned in chosen:
        removed[planned.name] = attempt(partial(_remove_variant, client, project), planned.name)
    existed, errors = split(removed)
    return [name for name, exists in existed.items() if exists], errors


def _remove_variant(client: docker.DockerClient, project: Project, name: str) -> bool:
    """Remove a variant's image; returns whether it existed.

    Raises VariantError if a container uses it.
    """
    try:
        client.images.remove(f"{project.matrix.registry}:{name}")
        existed = True
    except ImageNotFound:
        existed = False
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
        raise VariantError(
            f"the image of {name} stays: {error.explanation}.", todo="remove the container, then run this again."
        ) from None
    shutil.rmtree(project.checkout.report(name).parent, ignore_errors=True)
    project.checkout.log(name).unlink(missing_ok=True)
    return existed


def _removed(client: docker.DockerClient, image: str) -> bool:
    try:
        client.images.remove(image)
    except APIError as error:
        if error.status_code not in {404, 409}:  # removed with its child, or in use
            raise
        return False
    return True
