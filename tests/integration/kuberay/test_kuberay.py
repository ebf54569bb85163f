"""A cluster, jobs and a service, run as KubeRay would with the session's image."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from tests.support.kuberay import job
from tests.support.kuberay.manifest import Manifest
from tests.support.kuberay.node import Node
from tests.support.kuberay.operator import ClusterRun
from tests.support.kuberay.release import RELEASES
from tests.support.kuberay.service import ServiceRun

pytestmark = pytest.mark.engine

Load = Callable[[str], Manifest]
CODE = Path(__file__).parents[2] / "support" / "kuberay" / "standin" / "test_dag"


@pytest.mark.parametrize("release", RELEASES)
def test_a_head_and_two_workers_are_three_nodes_and_pass_their_probes(node: Node, manifest: Load, release: str) -> None:
    began = time.monotonic()
    with ClusterRun(node, RELEASES[release], manifest("cluster")) as cluster:
        cluster.wait_for_pods()
        assert cluster.nodes_alive() == 3
        print(f"{release}: a cluster of three up in {time.monotonic() - began:.1f} s")
        probings = [probing for run in cluster.pods for probing in run.probings]
        assert len(probings) == 6
        cluster.wait_for(lambda: all(probing.answers for probing in probings), lambda: "every probe ran", 60)
        assert [probing for probing in probings if not probing.answers[-1].passed] == []


def test_nothing_is_left_of_an_interrupted_run(client: docker.DockerClient, manifest: Load) -> None:
    with suppress(KeyboardInterrupt), Node(client) as node:
        cluster = ClusterRun(node, RELEASES["v1.3.0"], manifest("cluster"))
        cluster.wait_for(lambda: len(node.containers()) > 3, lambda: "pods are being created", 30)
        raise KeyboardInterrupt
    assert node.containers() == []
    assert node.volumes() == []
    assert client.networks.list(names=[node.id]) == []


def _with(manifest: Manifest, **spec: object) -> Manifest:
    return replace(manifest, resource={**manifest.resource, "spec": {**manifest.spec, **spec}})


def test_a_job_succeeds_and_v1_3_0_checks_a_failed_one_twice(node: Node, manifest: Load) -> None:
    with ClusterRun(node, RELEASES["v1.3.0"], manifest("job")) as cluster:
        cluster.wait_for_pods()
        done = job.submit(cluster, manifest("job"))
        assert (done.status, done.tries) == ("SUCCEEDED", 1), done.log
        assert "count 5" in done.log
        assert "nodes 2" in done.log
        failed = job.submit(cluster, _with(manifest("job"), entrypoint="python -c 'raise SystemExit(3)'"))
        assert (failed.status, failed.tries) == ("FAILED", 2), failed.log


def test_a_job_that_shuts_down_leaves_nothing(node: Node, manifest: Load) -> None:
    with job.run(node, RELEASES["v1.7.0"], _with(manifest("job"), shutdownAfterJobFinishes=True)) as done:
        assert (done.status, done.tries) == ("SUCCEEDED", 1), done.log
        assert "count 5" in done.log
        assert node.containers() == []
        assert node.volumes() == []


def test_a_service_answers_through_its_name(node: Node, manifest: Load) -> None:
    code = {path.name: path.read_text() for path in CODE.glob("*.py")}
    service_manifest = replace(manifest("service"), config_maps={"market-code": code})
    with ServiceRun(node, RELEASES["v1.7.0"], service_manifest) as service:
        service.deploy()
        pods = {run.pod.name for run in service.run.pods}
        service.run.wait_for(lambda: service.endpoints == pods, lambda: f"{service.endpoints} are all pods", 30)
        assert service.call("/calc", ["MUL", 3]) == "15 pizzas please!"
        assert service.call("/fruit", ["MANGO", 2]) == "6"
