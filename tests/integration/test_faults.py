"""Faults: the exit code, the message, and that no committed file is changed."""

import re
from threading import Event

import docker
import pytest

from tests.support.engine import spare_engine
from tests.support.toy import NAMES, Toy, lock

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

RAY2 = "ray-2.0.0-py3-none-any.whl"
IMPATIENT = {"UV_HTTP_TIMEOUT": "1", "UV_HTTP_RETRIES": "0"}


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:1", "unix:///nonexistent/docker.sock"])
def test_no_engine_answers(toy: Toy, host: str) -> None:
    before = toy.committed()
    for command in ("build", "smoke", "images", "clean"):
        done = toy.run(command, DOCKER_HOST=host)
        assert done.code == 4, done.summary
        assert "no Docker engine answers" in done.err
        assert "Next: run `scripts/engine`" in done.err
    assert toy.committed() == before


def test_a_wheel_with_a_different_hash(toy: Toy, client: docker.DockerClient) -> None:
    before = toy.committed()
    toy.site.files[RAY2] = toy.site.files["ray-1.0.0-py3-none-any.whl"]
    done = toy.run("build")
    assert done.code == 1, done.summary
    assert f"{NAMES[1]}: the build failed at the step `" in done.err
    assert "/run/installer/make-tree /run/ray.txt`" in done.err
    assert "Hash mismatch" in done.err
    log = toy.root / ".raydock" / "logs" / f"{NAMES[1]}.log"
    assert f"Log: {log}" in done.err
    assert "Hash mismatch" in log.read_text()
    assert client.images.get(f"{toy.registry}:{NAMES[0]}")
    assert "1 built" in done.out
    assert "1 failed" in done.out
    assert toy.committed() == before


@pytest.mark.parametrize("fault", ["500", "hang"])
@pytest.mark.parametrize("command", ["facts", "lock"])
def test_the_index_fails_during_a_command(unlocked: Toy, command: str, fault: str) -> None:
    toy = unlocked
    assert toy.run("facts").code == 0
    before = toy.committed()
    _break(toy, fault)
    done = toy.given(IMPATIENT).run(command)
    assert done.code == 4, done.summary
    assert "the package index 127.0.0.1" in done.err
    assert "Next: " in done.err
    assert toy.committed() == before
    assert toy.leftovers() == []


@pytest.mark.parametrize("fault", ["500", "hang"])
def test_the_index_fails_during_a_build(toy: Toy, fault: str) -> None:
    before = toy.committed()
    toy.edit("templates/installer/make-tree", "UV_HTTP_TIMEOUT=30", "UV_HTTP_TIMEOUT=1 UV_HTTP_RETRIES=0")
    _break(toy, fault)
    done = toy.run("build", "--select", "ray=1.0.0")
    assert done.code == 4, done.summary
    assert f"{NAMES[0]}: the build failed at the step `" in done.err
    meaning = "answered with a server error." if fault == "500" else "does not answer"
    assert re.search(rf"The package index 127\.0\.0\.1:\d+ {meaning}", done.err), done.err
    assert "Next: " in done.err
    assert toy.committed() == before
    assert toy.leftovers() == []


def test_the_engines_disk_is_full(
    unlocked: Toy, client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    toy = unlocked
    toy.site.publish("bulk", "1.0", files={"bulk.bin": bytes(300 << 20)})
    toy.edit("matrix.yaml", "always: [toylib]", "always: [toylib, bulk]")
    lock(toy)
    before = toy.committed()
    with spare_engine(client, tmp_path_factory.mktemp("small"), tmpfs="350m") as engine:
        engine.load(client.images.get(base).save(named=base))
        done = toy.run("build", "--select", "ray=1.0.0", DOCKER_HOST=engine.host)
    assert done.code == 4, done.summary
    assert "The engine's disk is full." in done.err
    assert "Next: free some" in done.err
    assert toy.committed() == before
    assert toy.leftovers() == []


def _break(toy: Toy, fault: str) -> None:
    if fault == "500":
        toy.site.status = 500
    else:
        toy.site.hang = Event()
