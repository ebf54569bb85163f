"""`pick` with the images on a real engine."""

import json
from pathlib import Path

import pytest

from tests.support.toy import NAMES, Toy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


def test_the_image_that_is_built_is_picked_with_its_id(toy: Toy, tmp_path: Path) -> None:
    host = tmp_path / "node01.txt"
    host.write_text("No devices were found\n")
    before = toy.run("pick", str(host))
    assert before.code == 0, before.summary
    assert f"{toy.registry}:{NAMES[1]}\n  not built" in before.out

    built = toy.run("build", "--select", "ray=1.0.0", "--json")
    assert built.code == 0, built.summary
    after = toy.run("pick", str(host), "--json")
    assert after.code == 0, after.summary
    answer = json.loads(after.out)
    assert (answer["tag"], answer["image"]) == (NAMES[0], f"{toy.registry}:{NAMES[0]}")
    assert answer["digest"] == built.variants[NAMES[0]]["image_id"]
    assert answer["rejected"] == [{"name": NAMES[1], "reason": "it is not built"}]
