"""What a cluster does when a node is lost, and when it comes back; docs/node-loss.md tells it.

`pytest tests/integration/ship/test_node_loss.py -s` prints the seconds.
"""

import sys
import time
from collections.abc import Iterator

import pytest

from tests.integration.ship.conftest import Deploy
from tests.support.raycluster import RayCluster, ray_cluster, until

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def seen(what: str, seconds: float) -> None:
    print(f"seen: {what}: {seconds:.1f} s", file=sys.stderr)


@pytest.fixture(scope="module")
def cluster(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    folder = deploy(tmp_path_factory.mktemp("compose"), "10.0.0.1", "10.0.0.2", "10.0.0.3")
    with ray_cluster(folder / "compose.yaml") as found:
        yield found


def test_a_killed_worker_joins_again_when_it_is_started(cluster: RayCluster) -> None:
    cluster.compose("kill worker-2")
    seen("the head takes the killed node for dead", cluster.await_alive(2, 90))
    began = time.monotonic()
    cluster.compose("up --wait worker-2")
    cluster.await_alive(3, 60)
    seen("a killed worker has joined after its start", time.monotonic() - began)
    assert "DEAD" in {node["state"] for node in cluster.nodes()}


def test_workers_join_a_head_that_starts_again(cluster: RayCluster) -> None:
    before = {node["node_id"] for node in cluster.nodes()}
    began = time.monotonic()
    cluster.compose("restart head")
    until(lambda: bool(cluster.nodes()), 60)
    seen("the head answers again after `restart`", time.monotonic() - began)
    cluster.await_alive(3, 120)
    seen("both workers have joined it", time.monotonic() - began)
    assert not before & {node["node_id"] for node in cluster.nodes()}, "the new head knows nodes of the old one"
