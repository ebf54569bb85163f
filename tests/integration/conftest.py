"""The engine, a real image that tests share, and toys: small checkouts with their own index."""

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest
import requests
from docker.errors import ImageNotFound

from raydock.builder.basemaker import existing
from raydock.builder.baserecipe import recipe_for
from raydock.core.checkout import Checkout as Paths
from raydock.engine.client import connect
from raydock.model import lock as locks
from raydock.model import matrix
from raydock.model.variant import parse_name
from tests.support import clone as clones
from tests.support.engine import SpareEngine, spare_engine
from tests.support.index import Site, serving
from tests.support.toy import NAMES, ROOT, Checkout, Toy, lock, make

IMAGE = "ray2.60.0-py311-cpu"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests with the real image in one process, and the rest in the other processes by module.

    Ray in a container does not start in time if more of these tests share two CPUs.
    """

    def group(item: pytest.Item) -> str:
        return "" if "image" in getattr(item, "fixturenames", ()) else str(item.path)

    items.sort(key=group)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item) or "image"))


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    """The engine's client. These tests fail without an engine."""
    connected = connect()
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def checkout() -> Checkout:
    """raydock's own checkout, with the environment of this machine."""
    return Checkout(root=ROOT, environment=dict(os.environ))


@pytest.fixture(scope="session")
def image(client: docker.DockerClient, checkout: Checkout) -> str:
    """The tag of a real image, built if necessary."""
    done = checkout.run("build", "--select", f"name={IMAGE}")
    assert done.code == 0, done.summary
    return f"{matrix.load(ROOT / 'matrix.yaml').registry}:{IMAGE}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one commit with the files that decide images, in a folder below its top."""
    return clones.make(tmp_path_factory.mktemp("clone"))


@pytest.fixture
def root(clone: Path) -> Iterator[Path]:
    """The clone, which is reset to its commit after the test."""
    before = clones.git(clone, "rev-parse", "HEAD")
    yield clone
    clones.restore(clone, before)


@contextmanager
def fresh_toy(client: docker.DockerClient, folder: Path) -> Iterator[Toy]:
    """A toy in `folder` without facts and locks; its images are removed afterwards."""
    site = Site()
    with serving(site) as endpoint:
        made = make(folder / "toy", site, endpoint)
        yield made
    remove_images(client, made)


@pytest.fixture
def unlocked(client: docker.DockerClient, tmp_path: Path) -> Iterator[Toy]:
    """A toy without facts and locks; its images are removed afterwards."""
    with fresh_toy(client, tmp_path) as made:
        yield made


@pytest.fixture
def toy(unlocked: Toy) -> Toy:
    """A toy with facts and locks."""
    lock(unlocked)
    return unlocked


@pytest.fixture(scope="session")
def base(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tag of the base of toys and of the real image, built if necessary."""
    ref = recipe_for(matrix.load(ROOT / "matrix.yaml"), parse_name(NAMES[0]), Paths(ROOT)).ref
    if ref not in existing(client, [ref]):
        with fresh_toy(client, tmp_path_factory.mktemp("base")) as made:
            lock(made)
            done = made.run("build", "--select", "ray=1.0.0")
        assert done.code == 0, done.summary
    return ref


@pytest.fixture(scope="module")
def spare(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpareEngine]:
    """A second engine with only the base."""
    with spare_engine(client, tmp_path_factory.mktemp("spare")) as engine:
        engine.load(client.images.get(base).save(named=base))
        yield engine


@pytest.fixture
def foreign_image(client: docker.DockerClient) -> Iterator[str]:
    """An empty image for a different architecture than the engine's, which is its tag."""
    machine = "arm64" if client.version()["Arch"] == "amd64" else "amd64"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    repository = f"raydock-test-{uuid4().hex[:12]}"
    parameters = {"fromSrc": "-", "repo": repository, "tag": machine, "platform": f"linux/{machine}"}
    # The SDK's import does not have a platform.
    answer = client.api._post(client.api._url("/images/create"), params=parameters, data=packed.getvalue())
    answer.raise_for_status()
    yield f"{repository}:{machine}"
    client.images.remove(f"{repository}:{machine}", force=True)


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    return str(Path(__file__).parent / "compose.yaml")


@pytest.fixture(scope="session")
def docker_compose_command(base: str) -> str:
    return f"env RAYDOCK_TEST_BASE={base} docker compose"


@pytest.fixture(scope="session")
def docker_cleanup() -> list[str]:
    return ["down --volumes --rmi local"]


@pytest.fixture(scope="session")
def registry(client: docker.DockerClient, docker_services: Any) -> Iterator[str]:
    """The address of a running registry; the engine's images from it are removed afterwards."""
    address = f"localhost:{docker_services.port_for('registry', 5000)}"

    def answers() -> bool:
        try:
            return bool(requests.get(f"http://{address}/v2/", timeout=2).ok)
        except requests.RequestException:
            return False

    docker_services.wait_until_responsive(check=answers, timeout=30, pause=0.1)
    yield address
    for image in client.api.images():
        for name in image["RepoDigests"] or ():
            if name.startswith(address):
                client.images.remove(name)


def remove_images(client: docker.DockerClient, toy: Toy) -> None:
    """Remove every image made from a toy's locks."""
    for path in (toy.root / "lockfiles").glob("*.txt"):
        label = f"raydock.lock-sha256={locks.load(path).sha256}"
        for image in client.images.list(filters={"label": label}):
            with suppress(ImageNotFound):  # removed together with an image that depends on it
                client.images.remove(image.id, force=True)
