"""Every manifest against the schemas of KubeRay 1.3 and 1.7, and the values that a cluster needs."""

import copy
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.deployment import DriverAffinity, Format, OperatorVersion, ResourceKind, Yaml
from raydock.deploy.kuberay.resources import notes
from tests.support.crds import problems
from tests.unit.deploy.kuberay.conftest import DIGEST, Image, Made, make_options

GPU = "nvidia.com/gpu"
EXAMPLES = Path(__file__).parents[4] / "examples"
OF_KIND: dict[ResourceKind, dict[str, Any]] = {
    ResourceKind.RAYCLUSTER: {},
    ResourceKind.RAYJOB: {"entrypoint": "python /home/ray/samples/sample_code.py", "shutdown": True},
    ResourceKind.RAYSERVICE: {"serve_config": EXAMPLES / "serve" / "serve.yaml"},
}
SCALING: list[dict[str, Any]] = [
    {"workers": 2},
    {"autoscale": "0:4", "gpus_per_worker": 0},
    {"autoscale": "0:4", "driver_affinity": DriverAffinity.REQUIRED},
]
MORE: list[dict[str, Any]] = [
    {},
    {"namespace": "team", "node_selector": ("pool=a",), "image_pull_secret": "reg", "code": EXAMPLES / "serve"},
]


def cluster_of(resource: Yaml) -> Yaml:
    spec = resource
    for key in ResourceKind(resource["kind"].lower()).cluster:
        spec = spec[key]
    return spec


def pods_of(resource: Yaml) -> dict[str, Yaml]:
    """Return the pods' specifications, by the name of their container."""
    spec = cluster_of(resource)
    templates = [spec["headGroupSpec"]["template"], *(group["template"] for group in spec["workerGroupSpecs"])]
    templates += [resource["spec"]["submitterPodTemplate"]] if "submitterPodTemplate" in resource["spec"] else []
    return {template["spec"]["containers"][0]["name"]: template["spec"] for template in templates}


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize(("kind", "kuberay"), list(product(ResourceKind, OperatorVersion)))
@pytest.mark.parametrize(("variant", "scaling"), list(product(["cpu", "cuda"], SCALING)))
def test_kuberays_schemas_accept_every_manifest(
    *, made: Made, kind: ResourceKind, kuberay: OperatorVersion, variant: str, scaling: Yaml, more: Yaml
) -> None:
    *rest, resource = made(variant, kind=kind, kuberay=kuberay, **OF_KIND[kind], **scaling, **more)
    assert resource["kind"] == kind.resource
    assert problems(resource, kuberay) == []
    assert [document["kind"] for document in rest] == (["ConfigMap"] if more else [])
    assert {document["metadata"].get("namespace", "") for document in (resource, *rest)} == {more.get("namespace", "")}


def test_the_schema_check_finds_errors(made: Made) -> None:
    [right] = made()
    container = ("spec", "headGroupSpec", "template", "spec", "containers", 0)
    for path, value, message in [
        ((*container, "imagePullpolicy"), "Always", ".imagePullpolicy: unknown"),
        ((*container, "ports", 0, "containerPort"), "6379", "is not of type integer"),
        (("spec", "headGroupSpec", "rayStartParams", "num-cpus"), 0, "0 is not of type string"),
        (("spec", "headGroupSpec", "template"), None, "template: null"),
        ((*container, "resources", "limits", "memory"), "4 GiB", "neither a number nor a quantity"),
        (("spec", "workerGroupSpecs", 0, "replicas"), 2**31, "is not allowed"),
        (("spec", "upgradeStrategy", "type"), "recreate", "is not allowed"),
    ]:
        wrong = copy.deepcopy(right)
        place: Any = wrong
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        [problem] = problems(wrong, "1.7")
        assert message in problem
    assert problems(right, "1.3") == [".spec.upgradeStrategy: unknown"]


def test_every_container_runs_the_image_by_digest_and_restricted(made: Made) -> None:
    for kind in ResourceKind:
        resource = made(kind=kind, **OF_KIND[kind])[-1]
        assert cluster_of(resource)["rayVersion"] == "2.60.0"
        for pod in pods_of(resource).values():
            [container] = pod["containers"]
            assert container["image"] == f"localhost:5000/raydock@{DIGEST}"
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            }
            assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
            assert not {"livenessProbe", "readinessProbe", "command", "args"} & container.keys()


def test_only_gpu_workers_request_gpus_and_a_driver(made: Made) -> None:
    pods = pods_of(made("cuda", gpus_per_worker=2)[0])
    worker, head = pods["ray-worker"], pods["ray-head"]
    assert worker["containers"][0]["resources"]["limits"][GPU] == "2"
    assert "580" in str(worker["affinity"])
    assert worker["tolerations"] == [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
    assert GPU not in str(head)
    assert "affinity" not in head
    assert "nvidia.com" not in str(made("cuda", gpus_per_worker=0))


def test_by_default_a_node_needs_no_label(made: Made) -> None:
    """A required label stops node groups from scaling from zero, and clusters without GPU Feature Discovery."""
    [made_by_default] = made("cuda", autoscale="0:4")
    node_affinity = pods_of(made_by_default)["ray-worker"]["affinity"]["nodeAffinity"]
    assert node_affinity.keys() == {"preferredDuringSchedulingIgnoredDuringExecution"}
    required = pods_of(made("cuda", driver_affinity=DriverAffinity.REQUIRED)[0])["ray-worker"]["affinity"]
    assert required["nodeAffinity"].keys() == {"requiredDuringSchedulingIgnoredDuringExecution"}
    assert "affinity" not in pods_of(made("cuda", driver_affinity=DriverAffinity.NONE)[0])["ray-worker"]


@pytest.mark.parametrize("kuberay", OperatorVersion)
def test_forward_compatibility_gives_gpu_workers_the_hosts_libraries(made: Made, kuberay: OperatorVersion) -> None:
    [resource] = made("cuda", forward_compat=True, kuberay=kuberay)
    assert problems(resource, kuberay) == []
    pods = pods_of(resource)
    [container] = pods["ray-worker"]["containers"]
    folder = "/usr/local/cuda-13.0/compat"
    assert {"name": "LD_LIBRARY_PATH", "value": folder} in container["env"]
    assert {"name": "NVIDIA_DISABLE_REQUIRE", "value": "true"} in container["env"]
    assert {"name": "cuda-compat", "mountPath": folder, "readOnly": True} in container["volumeMounts"]
    assert {"name": "cuda-compat", "hostPath": {"path": folder, "type": "DirectoryOrCreate"}} in pods["ray-worker"][
        "volumes"
    ]
    assert "compat" not in str(pods["ray-head"])
    for refused in (made("cuda"), made("cuda", gpus_per_worker=0, forward_compat=True)):
        assert "NVIDIA_DISABLE_REQUIRE" not in str(refused)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "accept other nodes, so they start without these labels and from zero nodes"),
        ({"driver_affinity": DriverAffinity.REQUIRED}, "They stay pending"),
        ({"driver_affinity": DriverAffinity.NONE}, "on any node with GPUs. The image needs a driver >= 580.65.06"),
    ],
)
def test_the_output_explains_the_affinity(image: Image, options: dict[str, Any], message: str) -> None:
    [note] = notes(make_options(**options), image("cuda"))
    assert message in note
    assert "580.65.06" in note
    assert notes(make_options(**options), image("cpu")) == []
    assert notes(make_options(gpus_per_worker=0, **options), image("cuda")) == []
    assert "need cuda-compat-13-0" in notes(make_options(forward_compat=True), image("cuda"))[1]


def test_shared_memory_is_half_of_the_memory(made: Made) -> None:
    for variant in ("cpu", "cuda"):
        for pod in pods_of(made(variant)[0]).values():
            memory = pod["containers"][0]["resources"]["limits"]["memory"]
            [shm] = [volume for volume in pod["volumes"] if volume["name"] == "shared-mem"]
            assert shm["emptyDir"] == {"medium": "Memory", "sizeLimit": f"{int(memory.removesuffix('Gi')) // 2}Gi"}
            assert {"name": "shared-mem", "mountPath": "/dev/shm"} in pod["containers"][0]["volumeMounts"]


def test_a_job_shuts_its_cluster_down_only_if_requested(made: Made) -> None:
    job = OF_KIND[ResourceKind.RAYJOB]
    [resource] = made(kind=ResourceKind.RAYJOB, **job)
    assert resource["spec"]["shutdownAfterJobFinishes"] is True
    assert resource["spec"]["entrypoint"] == job["entrypoint"]
    [resource] = made(kind=ResourceKind.RAYJOB, **{**job, "shutdown": False})
    assert "shutdownAfterJobFinishes" not in resource["spec"]


@pytest.mark.parametrize("kuberay", OperatorVersion)
@pytest.mark.parametrize(("variant", "gpus"), [("cpu", 0), ("cuda", 2)])
def test_the_probe_is_a_job_on_the_requested_workers_and_gpus(
    made: Made, kuberay: OperatorVersion, variant: str, gpus: int
) -> None:
    script, job = made(variant, kind=ResourceKind.RAYJOB, probe=True, workers=3, gpus_per_worker=gpus, kuberay=kuberay)
    assert problems(job, kuberay) == []
    entrypoint = f"python /home/ray/samples/probe_workers.py --workers 3 --gpus {gpus}"
    assert job["spec"]["entrypoint"] == entrypoint
    assert "raydock-probe" in script["data"]["probe_workers.py"]
    worker = pods_of(job)["ray-worker"]
    assert {"name": "code", "configMap": {"name": script["metadata"]["name"]}} in worker["volumes"]
    assert worker["containers"][0]["resources"]["limits"].get(GPU, "0") == str(gpus)


def test_code_is_mounted_into_ray_pods_and_changed_code_has_a_new_name(made: Made, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)\n")
    names = set()
    for text in ("print(1)\n", "print(2)\n"):
        (tmp_path / "a.py").write_text(text)
        code, resource = made(kind=ResourceKind.RAYJOB, **OF_KIND[ResourceKind.RAYJOB], code=tmp_path)
        assert code["data"] == {"a.py": text}
        names.add(code["metadata"]["name"])
        pods = pods_of(resource)
        assert "volumes" not in pods["ray-job-submitter"]
        for pod in (pods["ray-head"], pods["ray-worker"]):
            assert {"name": "code", "configMap": {"name": code["metadata"]["name"]}} in pod["volumes"]
            assert pod["containers"][0]["env"] == [{"name": "PYTHONPATH", "value": "/home/ray/samples"}]
    assert len(names) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entrypoint": "true"}, "--entrypoint does not apply to a RayCluster"),
        ({"kind": ResourceKind.RAYJOB}, "--entrypoint ''"),
        ({"kind": ResourceKind.RAYSERVICE}, "--serve-config"),
        ({"probe": True}, "--probe does not apply to a RayCluster"),
        ({"kind": ResourceKind.RAYJOB, "probe": True, "entrypoint": "true"}, "--entrypoint does not apply to it"),
        ({"kind": ResourceKind.RAYJOB, "probe": True, "code": EXAMPLES / "job"}, "--code does not apply to it"),
        ({"kind": ResourceKind.RAYJOB, "probe": True, "autoscale": "0:4"}, "--autoscale does not apply to it"),
        (
            {"kind": ResourceKind.RAYJOB, "probe": True, "format": Format.KUSTOMIZE},
            "--probe does not apply to --format kustomize",
        ),
        ({"kind": ResourceKind.RAYSERVICE, "shutdown": True}, "`--kind rayjob`"),
        ({"kind": ResourceKind.RAYJOB, "format": Format.HELM}, "does not create a RayJob"),
        ({"format": Format.HELM, "namespace": "team"}, "`helm --namespace`"),
        ({"format": Format.KUSTOMIZE, "workers": 2}, "--workers does not apply"),
        ({"format": Format.HELM, "code": EXAMPLES / "job"}, "--code does not apply"),
        ({"format": Format.KUSTOMIZE, "driver_affinity": DriverAffinity.NONE}, "--driver-affinity does not apply"),
        ({"format": Format.KUSTOMIZE, "forward_compat": True}, "--forward-compat does not apply"),
        ({"forward_compat": True}, "has no forward compatibility"),  # the image is for cpu
    ],
)
def test_options_that_cannot_be_combined_are_refused(made: Made, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        made(**options)
    assert message in str(refused.value)
