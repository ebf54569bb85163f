"""OS packages of a group on a pulled base, with the real apt, from an archive whose versions are replaced."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from raydock.builder import basemaker
from tests.integration.test_bases import BOOTSTRAP, pushed
from tests.support.debianarchive import DebianArchive, debian_archive
from tests.support.toy import Toy, lock

pytestmark = [pytest.mark.engine, pytest.mark.timeout(550)]
NAME = "ray1.0.0-py311-cpu-media"
GROUPS = "debs: {registry}/debs\ngroups:\n  media:\n    ray: '1.0.0'\n    os-packages: [tool]\n"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DebianArchive]:
    with debian_archive(tmp_path / "archive") as served:
        served.put("bookworm", "python3.11-venv", "3.11.2-6")
        served.put("bookworm", "library", "1.0")
        served.put("bookworm", "tool", "1:1.0", Depends="library")
        yield served


@pytest.fixture
def toy(unlocked: Toy, client: docker.DockerClient, registry: str, base: str, archive: DebianArchive) -> Iterator[Toy]:
    """A toy on a pulled base whose apt has only the archive, with a group that adds the package `tool`."""
    line = f"deb [trusted=yes] {archive.address} bookworm main"
    dockerfile = f"FROM {base}\nUSER 0\nRUN echo '{line}' > /etc/apt/sources.list\n"
    made, _ = client.images.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True, forcerm=True)
    image = pushed(client, made, f"{registry}/own-archive")
    stated = (
        f'{{standin-{unlocked.token}: {{source: pull, image: "{image}", glibc: "2.36", python: {{"3.11": system}}}}}}'
    )
    unlocked.edit("matrix.yaml", BOOTSTRAP, stated)
    unlocked.edit("matrix.yaml", "packages:", GROUPS.format(registry=registry) + "packages:")
    (unlocked.root / "lockfiles/debian-py311.debs").unlink()
    lock(unlocked)
    yield unlocked
    for tag in basemaker.tags(client):
        if unlocked.token in tag:
            client.images.remove(tag, force=True)


def remove_results(client: docker.DockerClient, toy: Toy) -> None:
    """Remove built images and downloaded packages."""
    shutil.rmtree(toy.root / ".raydock" / "debs")
    for tag in (f"{toy.registry}:{NAME}", *(tag for tag in basemaker.tags(client) if toy.token in tag)):
        client.images.remove(tag, force=True)


def test_a_rebuild_after_the_archive_moved_on(toy: Toy, client: docker.DockerClient, archive: DebianArchive) -> None:
    group = toy.root / f"lockfiles/standin-{toy.token}-py311+media.debs"
    assert [line.split()[:2] for line in group.read_text().splitlines()[6:]] == [["library", "1.0"], ["tool", "1:1.0"]]
    assert "127.0.0.1" not in group.read_text()

    first = toy.run("build", "--select", f"name={NAME}", "--json")
    assert first.code == 0, first.summary
    image = first.variants[NAME]["image_id"]
    command = "tool && dpkg-query --show tool library && find /usr /var /opt -newermt 2026-11-15T00:00:01 -type f"
    answer = client.containers.run(image, ["sh", "-c", command], user="0", network_mode="none", remove=True)
    assert answer == b"tool 1:1.0\nlibrary\t1.0\ntool\t1:1.0\n"

    archive.put("bookworm", "tool", "1:1.1", Depends="library")
    remove_results(client, toy)
    again = toy.run("build", "--select", f"name={NAME}", "--json", "--no-cache")
    assert again.code == 0, again.summary
    assert again.variants[NAME]["image_id"] == image
    assert "fetched 1:1.0 from" in again.err

    kept = toy.root / ".raydock/debs/tool_1.0_all.deb"
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    refused = toy.run("build", "--select", f"name={NAME}", "--no-cache")
    assert refused.code == 1, refused.summary
    assert f"{kept} is not the file that standin-{toy.token}-py311+media.debs locks for tool 1:1.0" in refused.err

    kept.unlink()
    matrix = toy.root / "matrix.yaml"
    matrix.write_text("".join(line for line in matrix.read_text().splitlines(True) if not line.startswith("debs:")))
    lost = toy.run("build", "--select", f"name={NAME}", "--no-cache")
    assert lost.code == 4, lost.summary
    assert "The archive has different versions now: tool is 1:1.1." in lost.err

    toy.edit("matrix.yaml", "[tool]", "[toool]")
    unknown = toy.run("lock", "--select", f"name={NAME}")
    assert unknown.code == 2, unknown.summary
    line = 1 + next(index for index, text in enumerate(matrix.read_text().splitlines()) if "toool" in text)
    assert f"matrix.yaml:{line}: the archive of the image has no package 'toool'" in unknown.err
