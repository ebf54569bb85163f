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
class Stall:
    """A toy's shelf with images (`ids` by name), and a registry at `address` to publish them to.

    `docker` is the folder of Docker's configuration, and `said` the one for what commands say.
    """

    toy: Toy
    shelf: BuiltImages
    address: str
    ids: dict[str, str]
    docker: Path
    said: Path

    @property
    def name(self) -> str:
        """The repository."""
        return f"{self.address}/{PATH}"

    @property
    def variants(self) -> tuple[Planned, ...]:
        return self.shelf.project.plan.variants

    @property
    def environment(self) -> dict[str, str]:
        """With a login of its own, and without this machine's cosign."""
        path = [folder for folder in os.get_exec_path() if not Path(folder, "cosign").exists()]
        return self.toy.environment | {"DOCKER_CONFIG": str(self.docker), "PATH": os.pathsep.join(path)}

    def run(self, *words: str, **more: str) -> Run:
        """A command's answer."""
        return run(words, self.environment | more, self.toy.root, self.said)

    def publish(self, *words: str, **more: str) -> Run:
        """`publish` to the registry."""
        return self.run("publish", "--registry", self.name, *words, **more)

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
        """What every tag names; the lists of what is attached left out."""
        images = self.images
        return {tag: images.digest(tag) or "" for tag in sorted(images.tags()) if not tag.startswith("sha256-")}


@pytest.fixture(scope="module")
def market(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """A toy with locks, whose images are removed afterwards."""
    site = Site()
    with serving(site) as endpoint:
        toy = make(tmp_path_factory.mktemp("market") / "toy", site, endpoint)
        shutil.copy(ROOT / "scan.yaml", toy.root)
        lock(toy)
    yield toy
    remove_images(client, toy)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Raises registries, which end with the test."""
    with ExitStack() as stack:

        def raised(guard: Guard | None = None, folder: Path = tmp_path) -> Registry:
            return stack.enter_context(registry(folder, TOOLS, guard or Guard()))

        yield raised


@pytest.fixture
def stall(market: Toy, client: docker.DockerClient, serve: Serve, tmp_path: Path) -> Stall:
    """Fresh images with passing reports, and an empty registry."""
    shelf = BuiltImages(client=client, project=Project(Checkout(market.root)))
    shutil.rmtree(shelf.checkout.work / "reports", ignore_errors=True)
    (tmp_path / "docker").mkdir()
    return Stall(
        toy=market,
        shelf=shelf,
        address=serve().address,
        ids=shelf.fill(shelf.project.plan.variants),
        docker=tmp_path / "docker",
        said=tmp_path / "said",
    )
