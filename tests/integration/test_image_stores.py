"""The same variants on two engines that keep images in different stores: overlay2, and containerd's image store.

One engine is this machine's. The second one is started here with the other store. Images go from each engine to the
other one.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
import requests

from raydock.core.checkout import Checkout as Paths
from raydock.engine.client import uses_containerd_store
from raydock.engine.localimage import get_image
from raydock.model.image import ContainerImage
from raydock.pipeline.project import Project
from tests.integration.conftest import remove_images
from tests.support.builtimages import BuiltImages
from tests.support.engine import SpareEngine, spare_engine
from tests.support.faults import front
from tests.support.hosts import empty_hosts
from tests.support.index import Site, serving
from tests.support.toy import NAMES, ROOT, Checkout, Run, Toy, lock, make
from tests.support.trivydb import write

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

REAL = "ray2.60.0-py311-cpu"
CLUSTER = ("--head", "10.0.0.1", "--worker", "10.0.0.2")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine, and the environment in which raydock uses it.

    Attributes:
        client: the engine's client.
        environment: DOCKER_HOST, if it is not the default engine.
    """

    client: docker.DockerClient
    environment: dict[str, str]

    def run(self, toy: Toy, *arguments: str) -> Run:
        """Run a command of raydock on this engine, which must succeed."""
        done = toy.given(self.environment).run(*arguments)
        assert done.code == 0, done.summary
        return done

    def image(self, toy: Toy, name: str) -> ContainerImage:
        return get_image(self.client, f"{toy.registry}:{name}")


@pytest.fixture(scope="module")
def other(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpareEngine]:
    """A second engine with the other store. It has the base and no other image."""
    containerd = not uses_containerd_store(client)
    with spare_engine(client, tmp_path_factory.mktemp("other"), containerd=containerd) as engine:
        engine.load(client.images.get(base).save(named=base))
        yield engine


@pytest.fixture(scope="module")
def engines(client: docker.DockerClient, other: SpareEngine) -> Iterator[tuple[Engine, Engine]]:
    there = other.client()
    assert uses_containerd_store(client) != uses_containerd_store(there)
    yield Engine(client=client, environment={}), Engine(client=there, environment={"DOCKER_HOST": other.host})
    there.close()


@pytest.fixture
def isolated(client: docker.DockerClient, base: str, image: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment for an engine with the other store in its own network, where containers reach each other.

    The firewall rules of this machine do not apply there. It has the base and the real image.
    """
    settings = tmp_path / "daemon.json"
    settings.write_text(json.dumps({"features": {"containerd-snapshotter": not uses_containerd_store(client)}}))
    with (
        tempfile.TemporaryDirectory(prefix="rd-") as state,  # short, since a socket's path has at most 104 bytes
        empty_hosts(client, base, 1, Path(state)) as [host],
    ):
        host.engine.stop()
        host.engine.options = (f"--config-file={settings}",)
        host.engine.start()
        there = host.engine.client()
        assert uses_containerd_store(there) != uses_containerd_store(client)
        there.close()
        for tag in (base, image):
            host.engine.load(client.images.get(tag).save(named=tag))
        yield {"DOCKER_HOST": host.engine.host}


@pytest.fixture(params=["from this engine", "from the other engine"])
def pair(request: pytest.FixtureRequest, engines: tuple[Engine, Engine]) -> tuple[Engine, Engine]:
    """The engine that builds, and the one that gets the result."""
    return engines if request.param == "from this engine" else (engines[1], engines[0])


@pytest.fixture
def project(engines: tuple[Engine, Engine], tmp_path: Path) -> Iterator[Toy]:
    """A checkout of two small variants; its images are removed from both engines afterwards."""
    site = Site()
    with serving(site) as endpoint:
        toy = make(tmp_path / "toy", site, endpoint)
        shutil.copy(ROOT / "scan.yaml", toy.root)
        lock(toy)
        yield toy
    for engine in engines:
        remove_images(engine.client, toy)


def configuration(registry: str, path: str, name: str) -> str:
    """Return the digest of the configuration of a tag in a registry."""
    accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
    answer = requests.get(f"http://{registry}/v2/{path}/manifests/{name}", headers={"Accept": accept}, timeout=10)
    answer.raise_for_status()
    return str(answer.json()["config"]["digest"])


def test_both_stores_build_the_same_images(project: Toy, engines: tuple[Engine, Engine], registry: str) -> None:
    made = [engine.run(project, "build", "--json").variants for engine in engines]
    for name in NAMES:
        first, second = (engine.image(project, name) for engine in engines)
        assert made[0][name]["fingerprint"] == made[1][name]["fingerprint"]
        assert first.layers == second.layers
        assert first.is_same(second)
        assert not first.digests & second.digests
        for engine, variants in zip(engines, made, strict=True):
            assert engine.client.images.get(variants[name]["image_id"])
    configurations = []
    for number, engine in enumerate(engines):
        path = f"{project.token}/store{number}"
        engine.run(project, "ci", "push", f"{registry}/{path}")
        configurations.append([configuration(registry, path, name) for name in NAMES])
    assert configurations[0] == configurations[1]


def test_a_second_run_builds_nothing(project: Toy, pair: tuple[Engine, Engine]) -> None:
    pair[0].run(project, "build")
    again = pair[0].run(project, "build", "--json").variants
    assert not any(variant["built"] for variant in again.values())


def test_images_go_through_ci_push_and_pull_to_the_other_store(
    project: Toy, pair: tuple[Engine, Engine], registry: str
) -> None:
    source, target = pair
    built = source.run(project, "build", "--json").variants
    work = f"{registry}/{project.token}/work"
    source.run(project, "ci", "push", work)
    target.run(project, "ci", "pull", work)
    again = target.run(project, "build", "--json").variants
    for name in NAMES:
        assert not again[name]["built"]
        assert again[name]["fingerprint"] == built[name]["fingerprint"]
        assert source.image(project, name).is_same(target.image(project, name))


def test_the_other_store_recognizes_published_images(project: Toy, pair: tuple[Engine, Engine], registry: str) -> None:
    source, target = pair
    repository = f"{registry}/{project.token}/raydock"
    to_registry = ("publish", "--registry", repository)
    built = source.run(project, "build", "--json").variants
    images = BuiltImages(client=source.client, project=Project(Paths(project.root)))
    for name, variant in built.items():
        images.write_reports(name, variant["image_id"], variant["fingerprint"])
    source.run(project, *to_registry)
    target.run(project, "build")
    again = json.loads(target.run(project, *to_registry, "--json").out)["registries"][0]
    assert (again["moves"], again["unchanged"]) == ([], list(NAMES))
    forced = json.loads(target.run(project, *to_registry, "--force", "--json").out)["registries"][0]
    assert forced["moves"] == []
    target.run(project, "verify", "--registry", repository)
    entry = json.loads(target.run(project, "verify", "--registry", repository, "--json").out)
    assert entry["differences"] == []


def test_an_image_has_a_digest_for_deployments_only_once_it_is_pushed(
    project: Toy, pair: tuple[Engine, Engine], registry: str
) -> None:
    engine = pair[0]
    project.edit("matrix.yaml", f"registry: {project.registry}", f"registry: {registry}/{project.token}/deployed")
    name, tag = NAMES[0], f"{registry}/{project.token}/deployed:{NAMES[0]}"
    engine.run(project, "build", "--select", f"name={name}")
    early = project.given(engine.environment).run("deploy", "kuberay", name)
    assert early.code == 1
    assert "was never pushed" in early.err
    engine.client.api.push(tag)
    late = engine.run(project, "deploy", "kuberay", name)
    assert f"image: {registry}/{project.token}/deployed@sha256:" in late.out
    engine.client.images.remove(tag)


def test_a_push_to_a_registry_that_fails_once(project: Toy, pair: tuple[Engine, Engine], registry: str) -> None:
    """With containerd's store, an engine gives up at the first answer 500."""
    source, _ = pair
    built = source.run(project, "build", "--select", "ray=1.0.0", "--json").variants
    images = BuiltImages(client=source.client, project=Project(Paths(project.root)))
    for name, variant in built.items():
        images.write_reports(name, variant["image_id"], variant["fingerprint"])
    refused: list[str] = []

    def fault(method: str, path: str) -> int | None:
        if method != "HEAD" or "/blobs/" not in path or path in refused:
            return None
        refused.append(path)
        return 500

    with front(registry) as seen:
        seen.fault = fault
        repository = f"{seen.address}/{project.token}/once"
        source.run(project, "publish", "--select", "ray=1.0.0", "--registry", repository)
    assert refused


@pytest.mark.timeout(900)
def test_the_real_image_passes_the_whole_chain_in_the_other_store(
    *,
    image: str,
    checkout: Checkout,
    engines: tuple[Engine, Engine],
    isolated: dict[str, str],
    registry: str,
    tmp_path: Path,
) -> None:
    here, there = engines
    there.client.images.load(here.client.images.get(image).save(named=image))
    assert get_image(here.client, image).is_same(get_image(there.client, image))
    repository, select = f"{registry}/{tmp_path.name}/real", ("--select", f"name={REAL}")
    made = checkout.given(isolated).run("images", *select, "--json")
    assert made.code == 0, made.summary
    assert not made.variants[REAL]["built"]
    contract = checkout.given(isolated).run("smoke", "--contract", *select)
    assert contract.code == 0, contract.summary
    # On the engine that reaches the registry of this machine.
    for command in (
        ("smoke", *select),
        ("scan", *select, "--db", str(write(tmp_path / "db", ()))),
        ("publish", *select, "--registry", repository),
        ("verify", "--registry", repository),
        ("pick", "--gpu", "none", *select),
        ("deploy", "docker", REAL, *CLUSTER, "--registry", repository, "--output", str(tmp_path / "cluster")),
    ):
        done = checkout.given(there.environment).run(*command)
        assert done.code == 0, f"{command}\n{done.summary}"
    again = checkout.run("publish", *select, "--registry", repository, "--json")
    assert again.code == 0, again.summary
    assert json.loads(again.out)["registries"][0]["unchanged"] == [REAL]
    there.client.images.remove(image, force=True)
