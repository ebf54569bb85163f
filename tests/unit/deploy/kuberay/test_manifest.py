"""Every manifest against the schemas of KubeRay 1.3 and 1.7, and the values that a cluster needs."""

import copy
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.deployment import DriverAffinity, Format, OperatorVersion, ResourceKind, Submission, Yaml
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
    policies = ["NetworkPolicy"] if kuberay is OperatorVersion.V1_3 else []
    assert [document["kind"] for document in rest] == [*(["ConfigMap"] if more else []), *policies]
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
    assert problems(right, "1.3") == [".spec.upgradeStrategy: unknown", ".spec.authOptions: unknown"]


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
            assert not {"livenessProbe", "command", "args"} & container.keys()


def wget(*paths: str) -> dict[str, Any]:
    seconds = {"api/local_raylet_healthz": 2}
    commands = [
        f"wget --tries 1 -T {seconds.get(path.partition('/')[2], 10)} -q -O- http://localhost:{path} | grep success"
        for path in paths
    ]
    return {"exec": {"command": ["bash", "-c", " && ".join(commands)]}}


HTTP = {"httpGet": {"path": "/api/healthz", "port": 52365}}
RAYLET, GCS, SERVE = "52365/api/local_raylet_healthz", "8265/api/gcs_healthz", "8000/-/healthz"
OLD = "ray2.49.1-py311-cpu"


@pytest.mark.parametrize(
    ("kind", "variant", "head", "worker", "failures"),
    [
        (ResourceKind.RAYCLUSTER, "cpu", HTTP, HTTP, 50),
        (ResourceKind.RAYJOB, "cpu", HTTP, HTTP, 50),
        (ResourceKind.RAYSERVICE, "cpu", HTTP, wget(RAYLET, SERVE), 5),
        (ResourceKind.RAYCLUSTER, OLD, wget(RAYLET, GCS), wget(RAYLET), 50),
        (ResourceKind.RAYSERVICE, OLD, wget(RAYLET, GCS), wget(RAYLET, SERVE), 5),
    ],
)
def test_a_pod_is_asked_every_second_whether_it_is_ready(
    *, made: Made, kind: ResourceKind, variant: str, head: Yaml, worker: Yaml, failures: int
) -> None:
    resource = made(variant, kind=kind, **OF_KIND[kind])[-1]
    assert problems(resource, "1.7") == []
    pods, times = pods_of(resource), {"initialDelaySeconds": 1, "periodSeconds": 1}
    found = [pods[name]["containers"][0]["readinessProbe"] for name in ("ray-head", "ray-worker")]
    assert found == [
        {**head, **times, "timeoutSeconds": 5, "failureThreshold": 50},
        {**worker, **times, "timeoutSeconds": 2, "failureThreshold": failures},
    ]
    groups = cluster_of(resource)
    assert groups["headGroupSpec"]["rayStartParams"]["dashboard-agent-listen-port"] == "52365"
    assert groups["headGroupSpec"]["rayStartParams"]["dashboard-port"] == "8265"
    assert groups["workerGroupSpecs"][0]["rayStartParams"] == {"dashboard-agent-listen-port": "52365"}


def test_kuberay_1_3_asks_with_its_own_wget(made: Made) -> None:
    container = pods_of(made(kuberay=OperatorVersion.V1_3)[-1])["ray-worker"]["containers"][0]
    script = "wget -T 2 -q -O- http://localhost:52365/api/local_raylet_healthz | grep success"
    assert container["readinessProbe"]["exec"]["command"] == ["bash", "-c", script]


def test_a_token_is_required_by_default(made: Made, image: Image) -> None:
    for kind in ResourceKind:
        [resource] = made(kind=kind, **OF_KIND[kind])
        assert cluster_of(resource)["authOptions"] == {"mode": "token"}
        assert "RAY_AUTH" not in str(resource)
    assert notes(make_options(), image("cpu"))[0].startswith("requests to Ray need a token")


@pytest.mark.parametrize(
    ("variant", "kuberay", "variables"),
    [
        ("cpu", OperatorVersion.V1_3, [{"name": "RAY_AUTH_MODE", "value": "disabled"}]),
        (OLD, OperatorVersion.V1_7, []),
    ],
)
def test_without_tokens_a_network_policy_admits_the_clusters_own_pods(
    made: Made, image: Image, variant: str, kuberay: OperatorVersion, variables: list[Yaml]
) -> None:
    options: dict[str, Any] = {"kuberay": kuberay, "name": "mine", "namespace": "team", "autoscale": "0:2"}
    for kind in ResourceKind:
        policy, resource = made(variant, kind=kind, **OF_KIND[kind], **options)
        assert "authOptions" not in cluster_of(resource)
        assert policy["metadata"]["namespace"] == "team"
        selector = policy["spec"]["podSelector"]["matchLabels"]
        templates = [cluster_of(resource)["headGroupSpec"]["template"]]
        templates += [group["template"] for group in cluster_of(resource)["workerGroupSpecs"]]
        for template in templates:
            assert selector.items() <= template["metadata"]["labels"].items()
            assert template["spec"]["containers"][0].get("env", []) == variables
        admitted, *ports = policy["spec"]["ingress"]
        assert admitted["from"][0] == {"podSelector": {"matchLabels": selector}}
        assert ports == ([{"ports": [{"port": 8000, "protocol": "TCP"}]}] if kind is ResourceKind.RAYSERVICE else [])
    assert "NetworkPolicy" in notes(make_options(**options), image(variant))[0]


def test_an_open_cluster_has_neither_token_nor_network_policy(made: Made, image: Image) -> None:
    for kuberay in OperatorVersion:
        [resource] = made(kuberay=kuberay, allow_all=True)
        assert "authOptions" not in cluster_of(resource)
        variables = pods_of(resource)["ray-head"]["containers"][0]["env"]
        assert variables == [{"name": "RAY_AUTH_MODE", "value": "disabled"}]
    [note] = notes(make_options(allow_all=True), image("cpu"))
    assert note == "the cluster is open: anyone who reaches port 8265 of the head can run programs on the cluster."


def test_a_sidecar_submits_the_job_if_requested(made: Made, image: Image) -> None:
    options = {**OF_KIND[ResourceKind.RAYJOB], "kind": ResourceKind.RAYJOB, "submission": Submission.SIDECAR}
    [resource] = made(**options)
    assert problems(resource, "1.7") == []
    assert resource["spec"]["submissionMode"] == "SidecarMode"
    pods = pods_of(resource)
    assert pods.keys() == {"ray-head", "ray-worker"}
    assert pods["ray-head"]["restartPolicy"] == "Never"
    assert "restartPolicy" not in pods["ray-worker"]
    assert "`--submission job`" in notes(make_options(**options), image("cpu"))[1]
    assert "submissionMode" not in made(**{**options, "submission": Submission.JOB})[0]["spec"]


def test_every_pod_has_the_priority_class(made: Made) -> None:
    for kind in ResourceKind:
        [resource] = made(kind=kind, priority_class="high", **OF_KIND[kind])
        assert problems(resource, "1.7") == []
        assert {pod["priorityClassName"] for pod in pods_of(resource).values()} == {"high"}
    assert "priorityClassName" not in str(made())


def test_sizes_of_head_and_workers(made: Made) -> None:
    sizes = {"head_cpus": "500m", "head_memory": "1536Mi", "worker_cpus": "2.5", "worker_memory": "9Gi"}
    [resource] = made("cuda", **sizes)
    assert problems(resource, "1.7") == []
    found = {}
    for name, pod in pods_of(resource).items():
        resources = pod["containers"][0]["resources"]
        assert resources["limits"] == resources["requests"]
        [shared] = [volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"] if volume["name"] == "shared-mem"]
        found[name] = (resources["limits"]["cpu"], resources["limits"]["memory"], shared)
    assert found == {"ray-head": ("500m", "1536Mi", "768Mi"), "ray-worker": ("2.5", "9Gi", "4608Mi")}


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
    *_, resource = made("cuda", forward_compat=True, kuberay=kuberay)
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
    [_, note] = notes(make_options(**options), image("cuda"))
    assert message in note
    assert "580.65.06" in note
    assert len(notes(make_options(**options), image("cpu"))) == 1
    assert len(notes(make_options(gpus_per_worker=0, **options), image("cuda"))) == 1
    assert "need cuda-compat-13-0" in notes(make_options(forward_compat=True), image("cuda"))[2]


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
    script, *_, job = made(
        variant, kind=ResourceKind.RAYJOB, probe=True, workers=3, gpus_per_worker=gpus, kuberay=kuberay
    )
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
        ({"submission": Submission.SIDECAR}, "--submission does not apply to a RayCluster"),
        (
            {
                **{"kind": ResourceKind.RAYJOB, "entrypoint": "true"},
                **{"submission": Submission.SIDECAR, "kuberay": OperatorVersion.V1_3},
            },
            "--submission sidecar needs KubeRay 1.5 or later",
        ),
        ({"priority_class": "High"}, "--priority-class 'High' is not valid"),
        ({"format": Format.KUSTOMIZE, "priority_class": "high"}, "--priority-class does not apply"),
        ({"head_cpus": "0"}, "--head-cpus '0' is not valid"),
        ({"worker_cpus": "two"}, "--worker-cpus 'two' is not valid"),
        ({"head_memory": "4G"}, "use a whole number of Mi or Gi, such as 16Gi"),
        ({"worker_memory": "1.5Gi"}, "--worker-memory '1.5Gi' is not valid"),
        ({"format": Format.KUSTOMIZE, "worker_memory": "9Gi"}, "--worker-memory does not apply"),
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
