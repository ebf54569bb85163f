"""The pods of a RayCluster (common/pod.go): a pure function of the cluster, the release and the random names."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.support.kuberay import raystart, template
from tests.support.kuberay.autoscaler import LOGS, autoscaler
from tests.support.kuberay.manifest import Cluster, Document, NotEmulated
from tests.support.kuberay.objects import Container, EmptyDir, Mount, Pod
from tests.support.kuberay.probes import probes
from tests.support.kuberay.quantity import whole
from tests.support.kuberay.release import Release

ConfigMaps = Mapping[str, Mapping[str, str]]
_SPEC = {"rayVersion", "headGroupSpec", "workerGroupSpecs", "enableInTreeAutoscaling", "autoscalerOptions"}
_SPEC |= {"upgradeStrategy", "authOptions"}
_HEAD = {"rayStartParams", "template", "headService", "serviceType", "enableIngress"}
_WORKERS = {"rayStartParams", "template", "replicas", "minReplicas", "maxReplicas", "groupName", "scaleStrategy"}
_WORKERS |= {"numOfHosts", "idleTimeoutSeconds"}

# The worker's loop: a check every five seconds, without output for two minutes and then with ray's output.
_WAIT = """\
SECONDS=0
while true; do
  if (( SECONDS <= 120 )); then
    ray health-check --address {gcs} > /dev/null 2>&1 && break
  else
    ray health-check --address {gcs} && break
  fi
  echo "$SECONDS seconds: the GCS at {gcs} is not ready."
  sleep 5
done
echo "The GCS is ready."
"""


def pods(cluster: Cluster, release: Release, config_maps: ConfigMaps, suffix: Callable[[], str]) -> tuple[Pod, ...]:
    """Return the head's pod and then the workers'. Raises NotEmulated for fields that are not supported."""
    spec = cluster.spec
    template.known(spec, _SPEC, "a RayCluster")
    template.known(spec["headGroupSpec"], _HEAD, "a headGroupSpec")
    made = [_head(cluster, release, config_maps, suffix())]
    for group in spec.get("workerGroupSpecs") or []:
        template.known(group, _WORKERS, "a workerGroupSpec")
        made += (_worker(cluster, group, release, config_maps, suffix()) for _ in range(replicas(group)))
    return tuple(made)


def replicas(group: Document) -> int:
    """Return the number of pods of a worker group, within its bounds (utils/util.go, GetWorkerGroupDesiredReplicas)."""
    least, most = group.get("minReplicas", 0), group.get("maxReplicas", 2**31 - 1)
    hosts: int = group.get("numOfHosts", 1)
    return int(min(max(group.get("replicas", least), least), most)) * hosts


def _head(cluster: Cluster, release: Release, config_maps: ConfigMaps, suffix: str) -> Pod:
    group = cluster.spec["headGroupSpec"]
    labels = _labels(cluster, group, "head", "headgroup")
    pod = _pod(cluster, group, config_maps, f"{cluster.name}-head-{suffix}", labels)
    pod = _with_ray(cluster, group, release, pod, head=True)
    owned = (f"{cluster.owner}-head-svc",) if cluster.kind == "RayService" else ()
    pod = replace(pod, services=(cluster.head_service, *owned))
    if not cluster.spec.get("enableInTreeAutoscaling"):
        return pod
    ray, *others = pod.containers
    volumes = (*pod.volumes, EmptyDir(name=LOGS.volume, in_memory=False))
    ray = replace(ray, mounts=(*ray.mounts, LOGS))
    return replace(pod, volumes=volumes, containers=(ray, *others, autoscaler(cluster, pod, release)))


def _worker(cluster: Cluster, group: Document, release: Release, config_maps: ConfigMaps, suffix: str) -> Pod:
    labels = _labels(cluster, group, "worker", group["groupName"])
    pod = _pod(cluster, group, config_maps, f"{cluster.name}-{group['groupName']}-worker-{suffix}", labels)
    return _with_ray(cluster, group, release, replace(pod, init=(*pod.init, _wait(cluster, pod, release))), head=False)


def _pod(cluster: Cluster, group: Document, config_maps: ConfigMaps, name: str, labels: Mapping[str, str]) -> Pod:
    spec = group["template"]["spec"]
    template.check(spec)
    return Pod(
        name=name,
        namespace=cluster.namespace,
        labels=labels,
        init=tuple(template.container(stated, spec) for stated in spec.get("initContainers") or []),
        containers=tuple(template.container(stated, spec) for stated in spec["containers"]),
        volumes=tuple(template.volumes(spec, config_maps)),
    )


def _labels(cluster: Cluster, group: Document, kind: str, name: str) -> dict[str, str]:
    fixed = {"ray.io/cluster": cluster.name, "ray.io/node-type": kind, "ray.io/group": name}
    given = (group["template"].get("metadata") or {}).get("labels") or {}
    serve = {"ray.io/serve": "false" if kind == "head" else "true"} if cluster.kind == "RayService" else {}
    known = {"ray.io/is-ray-node": "yes", "ray.io/identifier": f"{cluster.name}-{kind}"}
    known |= {"app.kubernetes.io/name": "kuberay", "app.kubernetes.io/created-by": "kuberay-operator"}
    return {**known, **given, **fixed, **serve}


def _wait(cluster: Cluster, pod: Pod, release: Release) -> Container:
    ray = pod.containers[0]
    return Container(
        name="wait-gcs-ready",
        image=ray.image,
        command=("/bin/bash", release.shell, "--"),
        args=(_WAIT.format(gcs=f"{cluster.head_domain}:{cluster.head_port}"),),
        environment={**ray.environment, **cluster.authentication},
        mounts=ray.mounts,
        security=ray.security,
        **template.limits({"limits": {"cpu": "200m", "memory": "256Mi"}}),
    )


def _with_ray(cluster: Cluster, group: Document, release: Release, pod: Pod, *, head: bool) -> Pod:
    """Return the pod with its first container as Ray container, and the head's name in its init containers."""
    ray, *others = pod.containers
    parameters = raystart.parameters(cluster, group, release, head=head)
    start = raystart.command(parameters, head=head)
    readiness, liveness = probes(cluster, group["template"]["spec"]["containers"][0], parameters, release, head=head)
    ray = replace(
        ray,
        command=("/bin/bash", release.shell, "--"),
        args=(_script(ray, start, release),),
        environment={
            **_defaults(cluster, head=head),
            **ray.environment,
            **_fixed(cluster, pod, release, start, head=head),
            **cluster.authentication,
        },
        readiness=readiness,
        liveness=liveness,
    )
    named = {"FQ_RAY_IP": cluster.head_domain, "RAY_IP": cluster.head_service}
    init = tuple(replace(container, environment={**container.environment, **named}) for container in pod.init)
    moved = "plasma-directory" in parameters and release.follows_parameters
    pod = replace(pod, init=init, containers=(ray, *others))
    return pod if moved else _with_shared_memory(pod, group)


def _script(ray: Container, start: str, release: Release) -> str:
    own = "".join(f" {word} " for word in (*ray.command, *ray.args))
    if "ray start" in own:
        raise NotEmulated("a container that starts Ray itself")
    script = f"ulimit -n {release.open_files}; {start}"
    return f"{own} && {script}" if own else script


def _with_shared_memory(pod: Pod, group: Document) -> Pod:
    """Return the pod with a /dev/shm of its Ray container's memory size, unless the pod mounts one."""
    ray, *others = pod.containers
    if any(mount.path == "/dev/shm" for mount in ray.mounts):
        return pod
    resources = group["template"]["spec"]["containers"][0].get("resources") or {}
    stated = (resources.get("limits") or {}).get("memory") or (resources.get("requests") or {}).get("memory")
    shared = EmptyDir(name="shared-mem", in_memory=True, size=whole(stated) if stated else None)
    ray = replace(ray, mounts=(*ray.mounts, Mount(volume=shared.name, path="/dev/shm")))
    known = any(volume.name == shared.name for volume in pod.volumes)
    return replace(pod, containers=(ray, *others), volumes=pod.volumes if known else (*pod.volumes, shared))


def _fixed(cluster: Cluster, pod: Pod, release: Release, start: str, *, head: bool) -> dict[str, str]:
    """Return the variables that KubeRay always sets."""
    variables = {} if head else {"FQ_RAY_IP": cluster.head_domain, "RAY_IP": cluster.head_service}
    variables |= {"RAY_CLUSTER_NAME": cluster.name, "RAY_CLOUD_INSTANCE_ID": pod.name}
    variables |= {"RAY_NODE_TYPE_NAME": pod.labels["ray.io/group"], "KUBERAY_GEN_RAY_START_CMD": start}
    if release.namespace_variable:
        variables["RAY_CLUSTER_NAMESPACE"] = cluster.namespace
    if head:
        variables["RAY_USAGE_STATS_EXTRA_TAGS"] = f"kuberay_version={release.version};kuberay_crd={cluster.kind}"
    return variables


def _defaults(cluster: Cluster, *, head: bool) -> dict[str, str]:
    """Return the variables that KubeRay sets if the manifest does not."""
    address = "127.0.0.1" if head else cluster.head_domain
    variables = {"RAY_PORT": cluster.head_port, "RAY_ADDRESS": f"{address}:{cluster.head_port}"}
    variables |= {"RAY_USAGE_STATS_KUBERAY_IN_USE": "1", "RAY_DASHBOARD_ENABLE_K8S_DISK_USAGE": "1"}
    if cluster.kind == "RayService":
        variables |= {"RAY_timeout_ms_task_wait_for_death_info": "0", "RAY_gcs_server_request_timeout_seconds": "5"}
        variables["RAY_SERVE_KV_TIMEOUT_S"] = "5"
    return variables
