"""A kustomization, applied to manifests that name another image."""

from typing import Any

import pytest

from raydock.deploy.kuberay.deployment import Format, ResourceKind, Yaml
from tests.unit.deploy.kuberay.conftest import DIGEST, Made

IMAGE = f"localhost:5000/raydock@{DIGEST}"


def put(place: Any, path: list[str], value: str, *, create: bool) -> None:
    """As kustomize replaces a field: `*` is every item of a list, and what is not there must be created."""
    key, *rest = path
    if key == "*":
        for item in place:
            put(item, rest, value, create=create)
    elif rest:
        put(place[int(key) if isinstance(place, list) else key], rest, value, create=create)
    else:
        assert create or key in place
        place[key] = value


def replaced(overlay: Yaml, resource: Yaml) -> None:
    [generator] = overlay["configMapGenerator"]
    data = dict(literal.split("=", 1) for literal in generator["literals"])
    for replacement in overlay["replacements"]:
        [target] = replacement["targets"]
        assert target["select"] == {"group": "ray.io", "kind": resource["kind"]}
        for path in target["fieldPaths"]:
            key = replacement["source"]["fieldPath"].removeprefix("data.")
            put(resource, path.split("."), data[key], create=target.get("options", {}).get("create", False))


@pytest.mark.parametrize(
    ("kind", "within"), [("RayCluster", None), ("RayJob", "rayClusterSpec"), ("RayService", "rayClusterConfig")]
)
def test_an_overlay_puts_image_and_version_into_any_group(made: Made, kind: str, within: str | None) -> None:
    pod = {"template": {"spec": {"containers": [{"image": "old"}, {"image": "sidecar"}]}}}
    cluster = {
        "headGroupSpec": pod,
        "workerGroupSpecs": [{"template": {"spec": {"containers": [{"image": "old"}]}}}] * 2,
    }
    resource = {"kind": kind, "spec": {within: cluster} if within else cluster}
    [overlay] = made(kind=ResourceKind(kind.lower()), format=Format.KUSTOMIZE)
    assert overlay["resources"] == ["manifest.yaml"]
    replaced(overlay, resource)
    assert cluster["rayVersion"] == "2.60.0"
    assert [container["image"] for container in pod["template"]["spec"]["containers"]] == [IMAGE, "sidecar"]
    assert "old" not in str(resource)
