"""`clean`, on an engine of its own, since it removes the bases."""

import pytest

from tests.support.engine import SpareEngine
from tests.support.toy import NAMES, Toy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


def test_clean_removes_replaced_images_and_leaves_the_newest(toy: Toy, spare: SpareEngine) -> None:
    one = ("build", "--select", "ray=1.0.0", "--json")
    first = toy.run(*one, DOCKER_HOST=spare.host).variants[NAMES[0]]
    toy.edit("templates/metadata.j2", "USER 1000", "USER 1001")
    second = toy.run(*one, DOCKER_HOST=spare.host).variants[NAMES[0]]
    done = toy.run("clean", DOCKER_HOST=spare.host)
    assert done.code == 0, done.words
    assert "1 replaced images" in done.out
    client = spare.client()
    ids = {image.id for image in client.images.list(all=True)}
    client.close()
    assert first["image_id"] not in ids
    assert second["image_id"] in ids
    assert not (toy.root / "build").exists()
