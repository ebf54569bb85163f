"""The other forms of the output: values for the ray-cluster chart, a kustomization.

With the values, the chart's template creates the manifest's cluster. The kustomization is applied to manifests with a
different image.
"""

import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.deployment import DriverAffinity, Format, OperatorVersion, ResourceKind, Yaml
from raydock.deploy.kuberay.yamltext import to_yaml
from tests.unit.deploy.kuberay.conftest import DIGEST, Made

# The keys of `head` and `worker` that the chart of KubeRay 1.3 and 1.7 puts into a container and into a pod
# (ray-project/kuberay, helm-chart/ray-cluster/templates/raycluster-cluster.yaml).
OF_CONTAINER = {key: key for key in ("resources", "securityContext", "ports", "volumeMounts")} | {"containerEnv": "env"}
OF_POD = {
    "podSecurityContext": "securityContext",
    **{key: key for key in ("volumes", "affinity", "tolerations", "nodeSelector", "priorityClassName")},
}
OF_HEAD = ("rayVersion", "enableInTreeAutoscaling", "autoscalerOptions")
OF_WORKERS = ("groupName", "replicas", "minReplicas", "maxReplicas")


def template(values: Yaml, group: Yaml, name: str) -> Yaml:
    image = {"image": "{repository}:{tag}".format(**values["image"]), "imagePullPolicy": values["image"]["pullPolicy"]}
    container = {"name": name, **image, **{key: group[name] for name, key in OF_CONTAINER.items() if name in group}}
    pod = {key: group[name] for name, key in OF_POD.items() if name in group}
    secrets = {"imagePullSecrets": values["imagePullSecrets"]} if values["imagePullSecrets"] else {}
    return {"metadata": {"labels": group["labels"]}, "spec": {**secrets, **pod, "containers": [container]}}


def rendered(values: Yaml) -> Yaml:
    """Return the specification of the RayCluster that the chart creates, without the labels that it adds."""
    head, worker = values["head"], values["worker"]
    used = {*OF_CONTAINER, *OF_POD, *OF_HEAD, *OF_WORKERS, "labels", "rayStartParams"}
    assert not (head.keys() | worker.keys()) - used
    groups = [
        {"rayStartParams": group["rayStartParams"], "template": template(values, group, name)}
        for group, name in ((head, "ray-head"), (worker, "ray-worker"))
    ]
    spec = {key: head[key] for key in OF_HEAD if key in head}
    return {
        **spec,
        "headGroupSpec": groups[0],
        "workerGroupSpecs": [{key: worker[key] for key in OF_WORKERS} | groups[1]],
    }


@pytest.mark.parametrize(
    ("variant", "scaling"),
    [
        *product(
            ["cpu", "cuda"],
            [{"workers": 2}, {"autoscale": "0:4", "image_pull_secret": "reg", "priority_class": "high"}],
        ),
        *(("cuda", {"driver_affinity": affinity}) for affinity in DriverAffinity),
        ("cuda", {"forward_compat": True}),
    ],
)
def test_the_chart_creates_the_manifests_cluster(made: Made, variant: str, scaling: Yaml) -> None:
    options = {"name": "mine", "node_selector": ("pool=a",), "allow_all": True, **scaling}
    [values] = made(variant, format=Format.HELM, **options)
    [manifest] = made(variant, **options)
    spec = manifest["spec"]
    del spec["upgradeStrategy"]  # the chart has no value for it, and none for probes
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        del group["template"]["spec"]["containers"][0]["readinessProbe"]
    assert rendered(values) == spec
    assert values["fullnameOverride"] == "mine"


@pytest.mark.parametrize("kuberay", OperatorVersion)
def test_the_charts_pods_get_the_token_from_a_secret(made: Made, kuberay: OperatorVersion) -> None:
    [values] = made(format=Format.HELM, name="mine", autoscale="0:4", kuberay=kuberay)
    secret = {"secretKeyRef": {"name": "mine-token", "key": "auth_token"}}
    token = [{"name": "RAY_AUTH_MODE", "value": "token"}, {"name": "RAY_AUTH_TOKEN", "valueFrom": secret}]
    assert values["head"]["containerEnv"] == values["worker"]["containerEnv"] == token
    assert values["head"]["autoscalerOptions"]["env"] == token
    assert "authOptions" not in str(values)


@pytest.mark.parametrize(
    ("variant", "output", "kuberay"),
    [
        ("ray2.49.1-py311-cpu", Format.HELM, OperatorVersion.V1_7),
        ("ray2.49.1-py311-cpu", Format.KUSTOMIZE, OperatorVersion.V1_7),
        ("cpu", Format.KUSTOMIZE, OperatorVersion.V1_3),
    ],
)
def test_a_form_that_cannot_protect_the_cluster_is_refused(
    made: Made, variant: str, output: Format, kuberay: OperatorVersion
) -> None:
    with pytest.raises(ConfigurationError, match=f"--format {output} cannot protect a cluster") as refused:
        made(variant, format=output, kuberay=kuberay)
    assert "NetworkPolicy; or accept the risk with --open" in str(refused.value)
    assert made(variant, format=output, kuberay=kuberay, allow_all=True)


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


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl, which has kustomize, is not on PATH")
@pytest.mark.parametrize("kind", ResourceKind)
def test_kustomize_leaves_nothing_of_the_former_image(made: Made, kind: ResourceKind, tmp_path: Path) -> None:
    """In a manifest of raydock with other labels, and with pods that have none."""
    serve = Path(__file__).parents[4] / "examples" / "serve" / "serve.yaml"
    own: Yaml = {ResourceKind.RAYJOB: {"entrypoint": "true"}, ResourceKind.RAYSERVICE: {"serve_config": serve}}
    options = own.get(kind, {})
    [*_, manifest] = made("cpu", kind=kind, **options)
    name = manifest["metadata"]["labels"]["raydock.variant"]
    old = (
        to_yaml([manifest])
        .replace("mode: token", "mode: disabled")
        .replace(name, "old")
        .replace(IMAGE, f"old@{DIGEST}")
        .replace('"2.60.0"', '"2.9.0"')
    )
    (tmp_path / "manifest.yaml").write_text(old)
    overlay = made("cpu", kind=kind, format=Format.KUSTOMIZE)
    (tmp_path / "kustomization.yaml").write_text(to_yaml(overlay))
    done = subprocess.run(["kubectl", "kustomize", tmp_path], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    cluster = yaml.safe_load(done.stdout)
    for key in kind.cluster:
        cluster = cluster[key]
    pods = [cluster["headGroupSpec"]["template"], *(group["template"] for group in cluster["workerGroupSpecs"])]
    assert [pod["metadata"]["labels"] for pod in pods] == [{"raydock.variant": name}] * 2
    assert [pod["spec"]["containers"][0]["image"] for pod in pods] == [IMAGE] * 2
    assert cluster["rayVersion"] == "2.60.0"
    assert cluster["authOptions"] == {"mode": "token"}
    if kind is ResourceKind.RAYJOB:
        submitter = yaml.safe_load(done.stdout)["spec"]["submitterPodTemplate"]
        assert submitter["metadata"]["labels"] == {"raydock.variant": name}
