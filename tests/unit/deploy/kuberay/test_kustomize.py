"""A kustomization, applied to manifests with a different image."""

from typing import Any

import pytest

from raydock.deploy.kuberay.deployment import Format, ResourceKind, Yaml
from tests.unit.deploy.kuberay.conftest import DIGEST, Made

IMAGE = f"localhost:5000/raydock@{DIGEST}"


def set_field(target: Any, path: list[str], value: str, *, create: bool) -> None:
    """Set a field as kustomize does: `*` is every entry of a list, and `create` adds a missing field."""
    key, *rest = path
    if key == "*":
        for entry in target:
            set_field(entry, rest, value, create=create)
    elif rest:
        set_field(target[int(key) if isinstance(target, list) else key], rest, value, create=create)
    else:
        assert create or key in target
        target[key] = value


def apply(overlay: Yaml, resource: Yaml) -> None:
    [generator] = overlay["configMapGenerator"]
    data = dict(literal.split("=", 1) for literal in generator["literals"])
    for replacement in overlay["replacements"]:
        [target] = replacement["targets"]
        assert target["select"] == {"group": "ray.io", "kind": resource["kind"]}
        for path in target["fieldPaths"]:
            key = replacement["source"]["fieldPath"].removeprefix("data.")
            set_field(resource, path.split("."), data[key], create=target.get("options", {}).get("create", False))


@pytest.mark.parametrize(
    ("kind", "within"), [("RayCluster", None), ("RayJob", "rayClusterSpec"), ("RayService", "rayClusterConfig")]
)
def test_an_overlay_sets_image_and_version_in_every_group(made: Made, kind: str, within: str | None) -> None:
    pod = {"template": {"spec": {"containers": [{"image": "old"}, {"image": "sidecar"}]}}}
    cluster = {
        "headGroupSpec": pod,
        "workerGroupSpecs": [{"template": {"spec": {"containers": [{"image": "old"}]}}}] * 2,
    }
    resource = {"kind": kind, "spec": {within: cluster} if within else cluster}
    [overlay] = made(kind=ResourceKind(kind.lower()), format=Format.KUSTOMIZE)
    assert overlay["resources"] == ["manifest.yaml"]
    apply(overlay, resource)
    assert cluster["rayVersion"] == "2.60.0"
    assert [container["image"] for container in pod["template"]["spec"]["containers"]] == [IMAGE, "sidecar"]
    assert "old" not in str(resource)
