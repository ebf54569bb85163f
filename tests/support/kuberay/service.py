"""A RayService as KubeRay's controller runs it (rayservice_controller.go): cluster, applications, endpoints."""

import json
import threading
from typing import Self

import yaml
from docker.models.containers import Container as Running

from tests.support.kuberay import template
from tests.support.kuberay.kubelet import PodRun, get
from tests.support.kuberay.manifest import Manifest
from tests.support.kuberay.node import Node, Service
from tests.support.kuberay.objects import Container, Pod
from tests.support.kuberay.operator import ClusterRun
from tests.support.kuberay.release import Release

_APPLICATIONS = "/api/serve/applications/"
_PERIOD = 2.0  # seconds between the controller's checks
_SPEC = {"serveConfigV2", "rayClusterConfig", "serviceUnhealthySecondThreshold", "deploymentUnhealthySecondThreshold"}
_CALL = """\
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), {"Content-Type": sys.argv[3]})
sys.stdout.write(urllib.request.urlopen(request, timeout=20).read().decode())
"""


class ServiceRun:
    """A RayService. The endpoints of its Service are the ready pods, the head only if its proxy is healthy."""

    def __init__(self, node: Node, release: Release, manifest: Manifest) -> None:
        template.known(manifest.spec, _SPEC, "a RayService")
        self.config = yaml.safe_load(manifest.spec["serveConfigV2"])
        self.run = ClusterRun(node, release, manifest)
        self.name = f"{manifest.name}-serve-svc"
        self.endpoints: set[str] = set()
        self._service: Service = node.new_service(self.name, self.run.cluster.namespace)
        self._caller = self._client(node)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._reconcile, daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.ident:
            self._thread.join(30)
        self.run.delete()

    def deploy(self, seconds: float = 180) -> None:
        """Configure Serve when the head is ready, and wait until every application runs and a pod is an endpoint.

        Raises AssertionError, with the status of Serve and the pods' logs, if that fails.
        """
        self.run.wait_for(lambda: self.run.head.ready, lambda: "the head is ready", seconds)
        self.run.send("PUT", _APPLICATIONS, self.config)
        self._thread.start()
        self.run.wait_for(self._applications_run, lambda: f"every application runs: {self.statuses()}", seconds)
        self.run.wait_for(lambda: bool(self.endpoints), lambda: "a pod is an endpoint of the Service", seconds)

    def statuses(self) -> dict[str, str]:
        """Return Serve's status of every application."""
        applications = self.run.send("GET", _APPLICATIONS)["applications"]
        return {name: f"{state['status']} {state.get('message') or ''}".strip() for name, state in applications.items()}

    def call(self, path: str, body: object) -> str:
        """Post JSON to the Service by its name from a different pod, and return the answer."""
        return self.post(path, json.dumps(body), "application/json")

    def post(self, path: str, body: str, content_type: str) -> str:
        """Post a text to the Service from a different pod, and return the answer."""
        url = f"http://{self.name}:8000{path}"
        code, output = self._caller.exec_run(["python", "-c", _CALL, url, body, content_type])
        assert code == 0, f"{url}: {output.decode(errors='replace')}"
        return str(output.decode())

    def _applications_run(self) -> bool:
        statuses = self.statuses()
        assert not any(status.startswith("DEPLOY_FAILED") for status in statuses.values()), statuses
        return len(statuses) == len(self.config["applications"]) and set(statuses.values()) == {"RUNNING"}

    def _client(self, node: Node) -> Running:
        image = self.run.head.pod.containers[0].image
        container = Container(name="client", image=image)
        pod = Pod(name="client", namespace="default", labels={}, containers=(container,))
        return node.sandbox(pod, network=self._service.network)

    def _reconcile(self) -> None:
        while not self._stop.wait(_PERIOD):
            for run in self.run.pods:
                self._sync(run, run.ready and (run is not self.run.head or self._proxy_is_healthy()))

    def _sync(self, run: PodRun, is_endpoint: bool) -> None:
        name = run.pod.name
        if is_endpoint and name not in self.endpoints:
            self._service.add(run.sandbox)
            self.endpoints |= {name}
        if not is_endpoint and name in self.endpoints:
            self._service.drop(run.sandbox)
            self.endpoints -= {name}

    def _proxy_is_healthy(self) -> bool:
        passed, _ = get(f"http://{self.run.head.address}:8000/-/healthz", _PERIOD)
        return passed
