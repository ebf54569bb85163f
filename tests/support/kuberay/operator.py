"""KubeRay's operator: starting and deleting clusters, and requests to Ray's dashboard."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Self
from uuid import uuid4

from tests.support.kuberay.kubelet import PodRun
from tests.support.kuberay.manifest import Cluster, Manifest, cluster_of
from tests.support.kuberay.node import Node
from tests.support.kuberay.pods import pods
from tests.support.kuberay.release import Release

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def suffix() -> str:
    """Return five random characters."""
    return uuid4().hex[:5]


class ClusterRun:
    """A RayCluster whose pods run until the context ends."""

    def __init__(self, node: Node, release: Release, manifest: Manifest) -> None:
        self.node, self.release = node, release
        self.cluster: Cluster = cluster_of(manifest, release, suffix())
        self.pods = [PodRun(node, pod) for pod in pods(self.cluster, release, manifest.config_maps, suffix)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.delete()

    @property
    def head(self) -> PodRun:
        """The head's pod."""
        return self.pods[0]

    def delete(self) -> None:
        """Remove every pod."""
        for run in self.pods:
            run.stop()

    def wait_for_pods(self, seconds: float = 120) -> None:
        """Wait until every pod is ready. Raises AssertionError, with the pods' logs, if one fails or is late."""
        self.wait_for(lambda: all(run.ready for run in self.pods), lambda: "every pod is ready", seconds)

    def wait_for(self, condition: Callable[[], bool], what: Callable[[], str], seconds: float) -> None:
        """Wait until a condition is true. Raises AssertionError if a pod fails or the time is over."""
        end = time.monotonic() + seconds
        while not condition():
            for run in self.pods:
                run.check()
            if time.monotonic() > end:
                raise AssertionError(f"not in {seconds} s: {what()}\n" + "\n".join(run.logs() for run in self.pods))
            time.sleep(0.2)

    def nodes_alive(self) -> int:
        """Return the number of nodes that are alive according to Ray."""
        nodes = self.send("GET", "/api/v0/nodes")["data"]["result"]["result"]
        return sum(node["state"] == "ALIVE" for node in nodes)

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the dashboard and return its JSON answer, or None if it is empty.

        Raises OSError if the dashboard refuses or does not answer.
        """
        return send(f"http://{self.head.address}:8265{path}", method, body, self.cluster.token)


def send(url: str, method: str, body: object = None, token: str = "") -> Any:
    """Send a request, with a token if there is one, and return its JSON answer, or None if it is empty.

    Raises OSError, with the text of the answer, if the request fails.
    """
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"x-ray-authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with _DIRECT.open(request, timeout=30) as answer:
            body_text = answer.read()
    except urllib.error.HTTPError as error:
        raise OSError(f"{method} {url}: {error.code}: {error.read().decode(errors='replace')}") from None
    return json.loads(body_text) if body_text.strip() else None
