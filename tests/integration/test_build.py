"""Real builds: what is skipped, what is built again, and that results are the same each time."""

import gzip
import io
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

import docker
import pytest

from raydock.builder.secrets import Secrets
from raydock.engine.client import has_bridge
from tests.support.engine import SpareEngine
from tests.support.hosts import empty_hosts
from tests.support.toy import NAMES, Toy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


def test_an_engine_without_a_bridge_builds_with_the_hosts_network(
    client: docker.DockerClient, base: str, tmp_path: Path
) -> None:
    """Such as one with `"bridge": "none"` in its daemon.json."""
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nRUN true\n")
    (tmp_path / "secrets").mkdir()
    assert has_bridge(client)
    with tempfile.TemporaryDirectory(prefix="rd-") as state, empty_hosts(client, base, 1, Path(state)) as [host]:
        host.engine.load(client.images.get(base).save(named=base))
        assert not has_bridge(host.engine.client())
        outputs = {}
        for bridge in (True, False):
            options = Secrets(has_bridge=bridge).options(tmp_path / "secrets")
            command = ["docker", "--host", host.engine.host, "buildx", "build", *options, str(tmp_path)]
            outputs[bridge] = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "network bridge not found" in outputs[True].stderr
    assert outputs[False].returncode == 0, outputs[False].stderr


def test_a_second_build_builds_nothing(toy: Toy) -> None:
    first = toy.run("build", "--json")
    assert first.code == 0, first.summary
    assert [first.variants[name]["built"] for name in NAMES] == [True, True]
    again = toy.run("build")
    assert again.code == 0
    assert "nothing to build, 2 built before" in again.out
    assert "Slowest steps:" not in again.out


def test_each_step_has_its_time(toy: Toy, spare: SpareEngine, tmp_path: Path) -> None:
    """In `--json`, in a trace and in the log of a build, and as one of the slowest in the summary."""
    built = toy.run("build", "--jobs", "1", "--json", "--trace", str(tmp_path / "trace.json"), DOCKER_HOST=spare.host)
    assert built.code == 0, built.summary
    steps = json.loads(built.out)["steps"]
    assert steps[0]["began"] == 0
    first, second = ([step for step in steps if step["name"] == name] for name in NAMES)
    waits = [step["seconds"] for step in (first[0], second[0]) if step["step"] == "waiting for a job"]
    assert waits[0] < 0.5 < waits[1], steps  # one job: the second variant waits for the first
    for own in (first, second):
        titles = [step["step"] for step in own]
        assert "writing the image" in titles
        assert any("downloading and preparing ray" in title for title in titles), titles
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert sorted(event["name"] for event in events if event["ph"] == "X") == sorted(step["step"] for step in steps)
    log = (toy.root / ".raydock" / "logs" / f"{NAMES[0]}.log").read_text()
    assert re.search(r"^ +\d+\.\d DONE in \d+\.\d s: exporting to image$", log, re.MULTILINE), log


def test_a_trace_that_cannot_be_written_is_an_error(toy: Toy) -> None:
    refused = toy.run("build", "--trace", "/proc/trace.json")
    assert refused.code == 4
    assert "/proc/trace.json could not be written" in refused.err


def test_a_changed_template_gives_a_different_image(toy: Toy) -> None:
    first = toy.run("build", "--select", "ray=1.0.0", "--json").variants[NAMES[0]]
    toy.edit("templates/metadata.j2", "USER 1000", "USER 1001")
    second = toy.run("build", "--select", "ray=1.0.0", "--json").variants[NAMES[0]]
    assert second["built"]
    assert second["fingerprint"] != first["fingerprint"]
    assert second["image_id"] != first["image_id"]


def test_packages_evicted_from_the_build_cache_are_installed_again(toy: Toy, spare: SpareEngine) -> None:
    command = ("build", "--select", "ray=1.0.0")
    assert toy.run(*command, DOCKER_HOST=spare.host).code == 0
    client = spare.client()
    client.api.prune_builds(all=True, filters={"type": "exec.cachemount"})
    client.close()
    toy.edit("templates/Dockerfile.j2", "LANG=C.UTF-8", "LANG=C.UTF-8 LC_ALL=C.UTF-8")
    again = toy.run(*command, DOCKER_HOST=spare.host)
    assert again.code == 0, again.summary
    assert "the build cache lost packages" in again.err
    assert toy.run("build", DOCKER_HOST=spare.host).code == 0


def test_the_same_fingerprint_gives_the_same_image(toy: Toy, spare: SpareEngine) -> None:
    first = toy.run("build", "--json", DOCKER_HOST=spare.host)
    assert first.code == 0, first.summary
    cached = toy.run("build", "--json", "--no-cache", DOCKER_HOST=spare.host)
    forget(spare, toy)
    scratch = toy.run("build", "--json", "--no-cache", DOCKER_HOST=spare.host)
    for again in (cached, scratch):
        assert again.code == 0, again.summary
        for name in NAMES:
            assert again.variants[name]["built"]
            assert again.variants[name]["fingerprint"] == first.variants[name]["fingerprint"]
            assert again.variants[name]["image_id"] == first.variants[name]["image_id"]


def test_no_secret_is_in_an_image_or_a_log(toy: Toy, client: docker.DockerClient, tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_text(f"# planted-in-the-bundle\n{_certificates()}")
    address = toy.environment["UV_DEFAULT_INDEX"].replace("127.0.0.1", "user:planted-password@127.0.0.1")
    toy.site.files["ray-2.0.0-py3-none-any.whl"] = b"no wheel"  # so that the output of a failure is also checked
    options = {"UV_DEFAULT_INDEX": address, "SSL_CERT_FILE": str(bundle)}
    runs = [toy.given(options).run(command) for command in ("facts", "lock", "build")]
    assert [run.code for run in runs] == [0, 0, 1], runs[-1].summary

    contents = everything_in(client.images.get(f"{toy.registry}:{NAMES[0]}"))
    assert b"raydock.fingerprint" in contents
    assert toy.site.files["toylib-1.0-py3-none-any.whl.metadata"] in contents
    files = [path.read_bytes() for path in toy.root.rglob("*") if path.is_file() and "uv-cache" not in path.parts]
    outputs = [f"{run.out}{run.err}".encode() for run in runs]
    for secret in (b"planted-in-the-bundle", b"planted-password"):
        assert secret not in contents
        assert not any(secret in text for text in (*files, *outputs))


def forget(engine: SpareEngine, toy: Toy) -> None:
    """Remove a toy's images and all build steps from an engine."""
    client = engine.client()
    for name in NAMES:
        client.images.remove(f"{toy.registry}:{name}")
    client.api.prune_builds(all=True)
    client.close()


def everything_in(image: docker.models.images.Image) -> bytes:
    """Return the configuration and the unpacked layers of an image."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.save()))) as archive:
        bodies = [file.read() for member in archive if (file := archive.extractfile(member))]
    return b"".join(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body for body in bodies)


def _certificates() -> str:
    import certifi

    return Path(certifi.where()).read_text()


def test_sets_that_fail_their_smoke_test_are_recorded(toy: Toy, client: docker.DockerClient) -> None:
    """The toys' Ray does not start. `suggest` shows the result."""
    done = toy.run("try-sets", "--newest", "1", "--json")
    assert done.code == 1
    [(name, result)] = json.loads(done.out)["sets"].items()
    assert name == NAMES[1]
    assert result["failure"]
    assert client.images.list(f"{toy.registry}-try-sets") == []
    [suggestion] = [
        each for each in json.loads(toy.run("suggest", "--json").out)["suggestions"] if each["name"] == name
    ]
    assert suggestion["tested"]["failure"] == result["failure"]
