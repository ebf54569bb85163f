"""`clean`, on an engine of its own, since it removes the bases."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.support.engine import SpareEngine, spare_engine
from tests.support.toy import NAMES, Toy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


@pytest.fixture(params=[False, True], ids=["graph driver", "containerd store"])
def engine(
    request: pytest.FixtureRequest, client: docker.DockerClient, base: str, tmp_path: Path
) -> Iterator[SpareEngine]:
    """An engine of each store, with the base."""
    (tmp_path / "engine").mkdir()
    with spare_engine(client, tmp_path / "engine", containerd=request.param) as found:
        found.load(client.images.get(base).save(named=base))
        yield found


def test_clean_removes_replaced_images_and_leaves_the_newest(toy: Toy, engine: SpareEngine) -> None:
    one = ("build", "--select", "ray=1.0.0", "--json")
    first = toy.run(*one, DOCKER_HOST=engine.host).variants[NAMES[0]]
    toy.edit("templates/metadata.j2", "USER 1000", "USER 1001")
    second = toy.run(*one, DOCKER_HOST=engine.host).variants[NAMES[0]]
    done = toy.run("clean", DOCKER_HOST=engine.host)
    assert done.code == 0, done.words
    assert "1 replaced images" in done.out
    client = engine.client()
    ids = {image.id for image in client.images.list(all=True)}
    client.close()
    assert first["image_id"] not in ids
    assert second["image_id"] in ids
    assert not (toy.root / "build").exists()
