"""Manifests: the documents of a YAML file, and the RayCluster of each kind of resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.support.kuberay.release import Release

Document = Mapping[str, Any]


class NotEmulated(Exception):  # noqa: N818 - a limit of the emulator, not a fault of the manifest
    """A manifest has a part that this emulator does not support."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The Ray resource of a file and its ConfigMaps.

    Attributes:
        resource: the Ray resource.
        config_maps: the files of each ConfigMap by its name.
    """

    resource: Document
    config_maps: Mapping[str, Mapping[str, str]]

    @property
    def kind(self) -> str:
        """RayCluster, RayJob or RayService."""
        return str(self.resource["kind"])

    @property
    def name(self) -> str:
        return str(self.resource["metadata"]["name"])

    @property
    def spec(self) -> Document:
        spec: Document = self.resource["spec"]
        return spec


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A RayCluster.

    Attributes:
        name: its name.
        namespace: its namespace.
        spec: its spec.
        kind: the kind of the resource that it belongs to.
        owner: the name of that resource.
    """

    name: str
    namespace: str
    spec: Document
    kind: str
    owner: str

    @property
    def head_service(self) -> str:
        """The name of the head's Service (utils/util.go, GenerateHeadServiceName)."""
        chosen = self.spec["headGroupSpec"].get("headService", {}).get("metadata", {}).get("name")
        return str(chosen or f"{self.name}-head-svc")

    @property
    def head_domain(self) -> str:
        """The full name of the head's Service: FQ_RAY_IP."""
        return domain(self.head_service, self.namespace)

    @property
    def token(self) -> str:
        """The token that the operator generates for its secret; empty without `authOptions` of the mode token."""
        return f"token-of-{self.name}" if _mode(self.spec) == "token" else ""

    @property
    def authentication(self) -> dict[str, str]:
        """The variables with the token (common/pod.go, SetContainerTokenAuthEnvVars)."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token} if self.token else {}

    @property
    def head_port(self) -> str:
        """The GCS's port."""
        return str((self.spec["headGroupSpec"].get("rayStartParams") or {}).get("port", "6379"))


def _mode(spec: Document) -> str:
    return str((spec.get("authOptions") or {"mode": "disabled"}).get("mode", "token"))


def domain(service: str, namespace: str) -> str:
    """Return the full name of a Service."""
    return f"{service}.{namespace}.svc.cluster.local"


def parse(text: str) -> Manifest:
    """Read a YAML file.

    Raises NotEmulated unless it has one resource of ray.io/v1, and otherwise only ConfigMaps and NetworkPolicies, which
    have no effect here, as on a network plugin that does not support them.
    """
    documents = [document for document in yaml.safe_load_all(text) if document]
    resources = [document for document in documents if document["apiVersion"] == "ray.io/v1"]
    maps = [document for document in documents if document["kind"] == "ConfigMap"]
    policies = [document for document in documents if document["kind"] == "NetworkPolicy"]
    if len(resources) != 1 or len(resources) + len(maps) + len(policies) != len(documents):
        raise NotEmulated(f"documents of the kinds {[document['kind'] for document in documents]}")
    data = {document["metadata"]["name"]: document.get("data", {}) for document in maps}
    return Manifest(resource=resources[0], config_maps=data)


def with_image(manifest: Manifest, image: str) -> Manifest:
    """Return the manifest with this image in every container."""
    changed = _replace(manifest.resource, image)
    assert isinstance(changed, dict)
    return Manifest(resource=changed, config_maps=manifest.config_maps)


def _replace(value: object, image: str) -> object:
    if isinstance(value, list):
        return [_replace(element, image) for element in value]
    if not isinstance(value, dict):
        return value
    return {
        key: image if key == "image" and "name" in value else _replace(member, image) for key, member in value.items()
    }


_SPECS = {"RayCluster": None, "RayJob": "rayClusterSpec", "RayService": "rayClusterConfig"}


def cluster_of(manifest: Manifest, release: Release, suffix: str) -> Cluster:
    """Return the RayCluster of a resource; `suffix` is KubeRay's five random characters."""
    within = _SPECS[manifest.kind]
    owned = release.cluster_name.format(owner=manifest.name, suffix=suffix)
    return Cluster(
        name=owned if within else manifest.name,
        namespace=manifest.resource["metadata"].get("namespace", "default"),
        spec=manifest.spec[within] if within else manifest.spec,
        kind=manifest.kind,
        owner=manifest.name,
    )
