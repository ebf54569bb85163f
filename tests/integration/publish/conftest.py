"""Two small images that passed every gate, and registries on loopback to publish them to."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from raydock.core.checkout import Checkout
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned
from raydock.publish.release import Release
from raydock.publish.store import ReleaseStore, release_store
from raydock.registry.repository import Repository, repository
from tests.integration.conftest import remove_images
from tests.support.builtimages import BuiltImages
from tests.support.forked import run
from tests.support.index import Site, serving
from tests.support.registry import Guard, Registry, registry
from tests.support.toy import ROOT, Run, Toy, lock, make

TOOLS = ROOT / ".raydock" / "bench" / "tools"
PATH = "ml/raydock"

Serve = Callable[..., Registry]


@dataclass(frozen=True, kw_only=True)
class PublishProject:
    """A toy project with built images, and a registry to publish them to.

    Attributes:
        toy: the project.
        built: its images.
        address: the registry's host and port.
        ids: the id of each image, by variant.
        docker: the folder of Docker's configuration.
        output: the folder for the output of commands.
    """

    toy: Toy
    built: BuiltImages
    address: str
    ids: dict[str, str]
    docker: Path
    output: Path

    @property
    def name(self) -> str:
        """The repository."""
        return f"{self.address}/{PATH}"

    @property
    def variants(self) -> tuple[Planned, ...]:
        return self.built.project.plan.variants

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands, with its own Docker login and without the cosign of this machine."""
        path = [folder for folder in os.get_exec_path() if not Path(folder, "cosign").exists()]
        return self.toy.environment | {"DOCKER_CONFIG": str(self.docker), "PATH": os.pathsep.join(path)}

    def run(self, *arguments: str, **more: str) -> Run:
        """Run a command."""
        return run(arguments, self.environment | more, self.toy.root, self.output)

    def publish(self, *arguments: str, **more: str) -> Run:
        """Run `publish` to the registry."""
        return self.run("publish", "--registry", self.name, *arguments, **more)

    @property
    def images(self) -> Repository:
        return repository(self.name)

    @property
    def releases(self) -> ReleaseStore:
        return release_store(self.images)

    @property
    def release(self) -> Release:
        return self.releases.newest()

    def tags(self) -> dict[str, str]:
        """The digest that each tag names, without the tags of referrers."""
        images = self.images
        return {tag: images.digest(tag) or "" for tag in sorted(images.tags()) if not tag.startswith("sha256-")}


@pytest.fixture(scope="module")
def toy_project(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """A toy with locks, whose images are removed afterwards."""
    site = Site()
    with serving(site) as endpoint:
        toy = make(tmp_path_factory.mktemp("toy_project") / "toy", site, endpoint)
        shutil.copy(ROOT / "scan.yaml", toy.root)
        lock(toy)
    yield toy
    remove_images(client, toy)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts registries, which stop with the test."""
    with ExitStack() as stack:

        def start(guard: Guard | None = None, folder: Path = tmp_path) -> Registry:
            return stack.enter_context(registry(folder, TOOLS, guard or Guard()))

        yield start


@pytest.fixture
def project(toy_project: Toy, client: docker.DockerClient, serve: Serve, tmp_path: Path) -> PublishProject:
    """Fresh images with passing reports, and an empty registry."""
    built = BuiltImages(client=client, project=Project(Checkout(toy_project.root)))
    shutil.rmtree(built.checkout.work / "reports", ignore_errors=True)
    (tmp_path / "docker").mkdir()
    return PublishProject(
        toy=toy_project,
        built=built,
        address=serve().address,
        ids=built.fill(built.project.plan.variants),
        docker=tmp_path / "docker",
        output=tmp_path / "output",
    )
