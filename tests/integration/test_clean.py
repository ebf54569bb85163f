"""`clean` on a separate engine, because it removes the bases."""

import json
from collections.abc import Iterator

import docker
import pytest

from raydock.engine.client import uses_containerd_store
from tests.support.engine import SpareEngine, spare_engine
from tests.support.toy import NAMES, Toy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


@pytest.fixture(params=[False, True], ids=["graph driver", "containerd store"])
def engine(
    request: pytest.FixtureRequest, client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SpareEngine]:
    """An engine with the base, for each image store."""
    folder = tmp_path_factory.mktemp("clean")  # short: a socket's path has at most 104 characters
    with spare_engine(client, folder, containerd=request.param) as spare:
        spare.load(client.images.get(base).save(named=base))
        yield spare


def test_clean_removes_replaced_images_and_keeps_the_newest(toy: Toy, engine: SpareEngine) -> None:
    command = ("build", "--select", "ray=1.0.0", "--json")
    first = toy.run(*command, DOCKER_HOST=engine.host).variants[NAMES[0]]
    toy.edit("templates/metadata.j2", "USER 1000", "USER 1001")
    second = toy.run(*command, DOCKER_HOST=engine.host).variants[NAMES[0]]
    done = toy.run("clean", DOCKER_HOST=engine.host)
    assert done.code == 0, done.summary
    client = engine.client()
    # With containerd's store, a build that takes an image's tag leaves nothing of that image.
    assert ("0 replaced images" if uses_containerd_store(client) else "1 replaced image ") in done.out
    ids = {image.id for image in client.images.list(all=True)}
    client.close()
    assert first["image_id"] not in ids
    assert second["image_id"] in ids
    assert not (toy.root / ".raydock").exists()


def test_clean_of_a_variant_removes_only_its_image_and_reports(toy: Toy, engine: SpareEngine) -> None:
    old, new = NAMES
    assert toy.run("build", DOCKER_HOST=engine.host).code == 0
    client = engine.client()
    holder = client.containers.create(f"{toy.registry}:{old}", ["true"])
    used = toy.run("clean", old, DOCKER_HOST=engine.host)
    assert used.code == 1
    assert f"the image of {old} stays: " in used.err
    assert "Next: remove the container" in used.err
    holder.remove()
    done = toy.run("clean", old, "--json", DOCKER_HOST=engine.host)
    assert json.loads(done.out) == {"schema": 1, "removed": [old]}
    assert [tag for image in client.images.list(toy.registry) for tag in image.tags] == [f"{toy.registry}:{new}"]
    assert [path.stem for path in (toy.root / ".raydock" / "logs").glob("ray*.log")] == [new]
    assert json.loads(toy.run("clean", old, "--json", DOCKER_HOST=engine.host).out)["removed"] == []
    client.close()
