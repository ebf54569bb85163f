"""A cluster, a job, a job that shuts down and a service, as KubeRay would run them with the session's image."""

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
    begun = time.monotonic()
    with ClusterRun(node, RELEASES[release], manifest("cluster")) as cluster:
        cluster.wait_for_pods()
        assert cluster.nodes_alive() == 3
        print(f"{release}: a cluster of three up in {time.monotonic() - begun:.1f} s")
        probings = [probing for run in cluster.pods for probing in run.probings]
        assert len(probings) == 6
        cluster.wait_for(lambda: all(probing.answers for probing in probings), lambda: "every probe was asked", 60)
        assert [probing for probing in probings if not probing.answers[-1].passed] == []


def test_nothing_is_left_of_a_run_that_breaks_off(client: docker.DockerClient, manifest: Load) -> None:
    with suppress(KeyboardInterrupt), Node(client) as node:
        cluster = ClusterRun(node, RELEASES["v1.3.0"], manifest("cluster"))
        cluster.wait_for(lambda: len(node.containers()) > 3, lambda: "pods are being made", 30)
        raise KeyboardInterrupt
    assert node.containers() == []
    assert node.volumes() == []
    assert client.networks.list(names=[node.id]) == []


def test_a_job_succeeds(node: Node, manifest: Load) -> None:
    with job.run(node, RELEASES["v1.7.0"], manifest("job")) as done:
        assert (done.status, done.tries) == ("SUCCEEDED", 1), done.log
        assert "count 5" in done.log
        assert "nodes 2" in done.log


def test_a_job_that_shuts_down_leaves_nothing(node: Node, manifest: Load) -> None:
    stated = manifest("job")
    spec = {**stated.spec, "shutdownAfterJobFinishes": True}
    with job.run(node, RELEASES["v1.3.0"], replace(stated, resource={**stated.resource, "spec": spec})) as done:
        assert done.status == "SUCCEEDED", done.log
        assert node.containers() == []
        assert node.volumes() == []


def test_a_service_answers_through_its_name(node: Node, manifest: Load) -> None:
    code = {path.name: path.read_text() for path in CODE.glob("*.py")}
    stated = replace(manifest("service"), config_maps={"market-code": code})
    with ServiceRun(node, RELEASES["v1.7.0"], stated) as service:
        service.deploy()
        pods = {run.pod.name for run in service.run.pods}
        service.run.wait_for(lambda: service.endpoints == pods, lambda: f"{service.endpoints} are all pods", 30)
        assert service.call("/calc", ["MUL", 3]) == "15 pizzas please!"
        assert service.call("/fruit", ["MANGO", 2]) == "6"
