"""KubeRay's samples with a changed image and local downloads."""

from pathlib import Path

import pytest

from tests.support.kuberay import job, web
from tests.support.kuberay.manifest import Manifest, parse, with_image
from tests.support.kuberay.node import POD_LABEL, Node
from tests.support.kuberay.operator import ClusterRun
from tests.support.kuberay.release import RELEASES, Release
from tests.support.kuberay.service import ServiceRun
from tests.support.toy import ROOT
from tests.support.wheels import wheel

pytestmark = [pytest.mark.engine, pytest.mark.long]
SAMPLES = ROOT.parent / "shared" / "kuberay"


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Release:
    known = RELEASES[request.param]
    if not (SAMPLES / known.version).is_dir():
        pytest.skip(f"{SAMPLES} is missing: KubeRay's samples are next to this checkout only on some machines")
    return known


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The packages of the samples' runtime environments."""
    requirements = ["requests==2.26.0", "pendulum==2.1.2", "python-multipart==0.0.6"]
    return web.wheels_of(requirements, tmp_path_factory.mktemp("wheels"))


def _sample(release: Release, name: str, image: str) -> Manifest:
    return with_image(parse((SAMPLES / release.version / "samples" / f"{name}.yaml").read_text()), image)


def test_cluster(node: Node, release: Release, image: str) -> None:
    with ClusterRun(node, release, _sample(release, "ray-cluster.sample", image)) as cluster:
        cluster.wait_for_pods()
        assert cluster.nodes_alive() == 2


def test_cluster_with_autoscaler(node: Node, release: Release, image: str) -> None:
    """The sidecar waits for the GCS, and stops without a Kubernetes token.

    It writes to the head's logs.
    """
    with ClusterRun(node, release, _sample(release, "ray-cluster.autoscaler", image)) as cluster:
        cluster.wait_for_pods()
        assert cluster.nodes_alive() == 1
        sidecar = cluster.head.running["autoscaler"]
        token = b"/var/run/secrets/kubernetes.io/serviceaccount"
        cluster.wait_for(lambda: token in sidecar.logs(), lambda: "the autoscaler asks Kubernetes", 60)
        code, log = cluster.head.running["ray-head"].exec_run(["cat", "/tmp/ray/session_latest/logs/monitor.log"])
        assert code == 0, log
        assert b"K8s API client token" in log


def test_job(node: Node, release: Release, image: str, wheels: list[Path]) -> None:
    sample = _sample(release, "ray-job.sample", image)
    web.serve(node, sample, image, wheels)
    with job.run(node, release, sample) as done:
        assert done.status == "SUCCEEDED", done.log
        assert "test_counter got 5" in done.log


def test_job_that_shuts_down(node: Node, release: Release, image: str, wheels: list[Path]) -> None:
    sample = _sample(release, "ray-job.shutdown", image)
    web.serve(node, sample, image, wheels)
    with job.run(node, release, sample) as done:
        assert done.status == "SUCCEEDED", done.log
        assert [container.labels[POD_LABEL] for container in node.containers()] == ["web"]


def test_service(node: Node, release: Release, image: str) -> None:
    sample = _sample(release, "ray-service.sample", image)
    web.serve(node, sample, image, [])
    with ServiceRun(node, release, sample) as service:
        service.deploy()
        assert service.call("/calc", ["MUL", 3]) == "15 pizzas please!"
        assert service.call("/fruit", ["MANGO", 2]) == "6"


def test_image_classifier(node: Node, release: Release, image: str, wheels: list[Path]) -> None:
    sample = _sample(release, "ray-service.mobilenet", image)
    web.serve(node, sample, image, wheels)
    with ServiceRun(node, release, sample) as service:
        service.deploy()
        form = '--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\x01\x02\x03\r\n--x--\r\n'
        assert service.post("/", form, "multipart/form-data; boundary=x") == '{"brightness":2.0}'


def test_training(node: Node, release: Release, image: str, tmp_path: Path) -> None:
    """torch and torchvision are empty packages here.

    The real ones are gigabytes, and Ray installs them on every node.
    """
    sample = _sample(release, "ray-job.pytorch-mnist", image)
    empty = [tmp_path / f"{name}-1.0-py3-none-any.whl" for name in ("torch", "torchvision")]
    for path in empty:
        path.write_bytes(wheel(path.name.split("-")[0], "1.0"))
    web.serve(node, sample, image, empty)
    with job.run(node, release, sample) as done:
        assert done.status == "SUCCEEDED", done.log
        assert "trained: 3.00 x + 1.00" in done.log
