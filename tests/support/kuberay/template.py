"""Pod templates: the containers and volumes of a manifest."""

from collections.abc import Mapping
from typing import Any

from tests.support.kuberay.manifest import Document, NotEmulated
from tests.support.kuberay.objects import Container, EmptyDir, Files, Mount, Security
from tests.support.kuberay.probes import own
from tests.support.kuberay.quantity import quantity, whole

# Supported fields: they do not affect a container on an engine, or are read elsewhere.
_CONTAINER = {"name", "image", "command", "args", "env", "envFrom", "ports", "resources", "volumeMounts"}
_CONTAINER |= {"securityContext", "readinessProbe", "livenessProbe", "imagePullPolicy", "lifecycle"}
_POD = {"containers", "initContainers", "volumes", "securityContext", "restartPolicy", "terminationGracePeriodSeconds"}
_POD |= {"serviceAccountName", "nodeSelector", "affinity", "tolerations", "imagePullSecrets", "priorityClassName"}
_POD |= {"topologySpreadConstraints", "schedulerName", "automountServiceAccountToken", "enableServiceLinks"}


def check(pod: Document) -> None:
    """Raise NotEmulated if a pod's spec has fields that are not supported."""
    known(pod, _POD, "a pod")
    for container in [*(pod.get("initContainers") or []), *pod["containers"]]:
        known(container, _CONTAINER, "a container")


def known(document: Document, names: set[str], what: str) -> None:
    """Raise NotEmulated for keys that are not in `names`."""
    if unknown := sorted(set(document) - names):
        raise NotEmulated(f"{', '.join(unknown)} of {what}")


def container(stated: Document, pod: Document) -> Container:
    """Return the container of a template."""
    if stated.get("envFrom") or stated.get("lifecycle"):
        raise NotEmulated("envFrom or lifecycle of a container")
    return Container(
        name=stated["name"],
        image=stated["image"],
        command=tuple(stated.get("command") or ()),
        args=tuple(stated.get("args") or ()),
        environment={variable["name"]: _value(variable) for variable in stated.get("env") or []},
        mounts=tuple(_mount(mount) for mount in stated.get("volumeMounts") or []),
        security=_security({**(pod.get("securityContext") or {}), **(stated.get("securityContext") or {})}),
        readiness=own(stated, "readinessProbe"),
        liveness=own(stated, "livenessProbe"),
        **limits(stated.get("resources") or {}),
    )


def limits(resources: Document) -> dict[str, Any]:
    """Return a container's limits and requests, by the fields of Container."""
    limit, request = resources.get("limits") or {}, resources.get("requests") or {}
    cpu, requested = limit.get("cpu"), request.get("cpu", limit.get("cpu"))
    return {
        "cpu_limit": None if cpu is None else float(quantity(cpu)),
        "cpu_request": None if requested is None else float(quantity(requested)),
        "memory_limit": whole(limit["memory"]) if "memory" in limit else None,
    }


def volumes(pod: Document, config_maps: Mapping[str, Mapping[str, str]]) -> list[EmptyDir | Files]:
    """Return a pod's volumes. Raises NotEmulated for kinds other than emptyDir and configMap."""
    return [_volume(volume, config_maps) for volume in pod.get("volumes") or []]


def _volume(stated: Document, config_maps: Mapping[str, Mapping[str, str]]) -> EmptyDir | Files:
    name = stated["name"]
    if "emptyDir" in stated:
        empty = stated["emptyDir"] or {}
        size = empty.get("sizeLimit")
        return EmptyDir(name=name, in_memory=empty.get("medium") == "Memory", size=whole(size) if size else None)
    if "configMap" in stated:
        source = stated["configMap"]
        data = config_maps[source["name"]]
        entries = source.get("items") or [{"key": key, "path": key} for key in data]
        files = {entry["path"]: data[entry["key"]] for entry in entries}
        return Files(name=name, files=files, mode=source.get("defaultMode", 0o644))
    raise NotEmulated(f"a volume of {sorted(set(stated) - {'name'})}")


def _mount(stated: Document) -> Mount:
    known(stated, {"name", "mountPath", "readOnly"}, "a volumeMount")
    return Mount(volume=stated["name"], path=stated["mountPath"], read_only=stated.get("readOnly", False))


def _value(stated: Document) -> str:
    if "valueFrom" in stated:
        raise NotEmulated(f"valueFrom of the variable {stated['name']}")
    return str(stated.get("value", ""))


def _security(stated: Document) -> Security:
    names = {"runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "allowPrivilegeEscalation", "capabilities"}
    names |= {"readOnlyRootFilesystem", "seccompProfile", "fsGroupChangePolicy"}
    known(stated, names, "a securityContext")
    capabilities = stated.get("capabilities") or {}
    known(capabilities, {"drop"}, "capabilities")
    return Security(
        user=stated.get("runAsUser"),
        group=stated.get("runAsGroup"),
        extra_group=stated.get("fsGroup"),
        must_not_be_root=stated.get("runAsNonRoot", False),
        may_gain=stated.get("allowPrivilegeEscalation", True),
        read_only_root=stated.get("readOnlyRootFilesystem", False),
        dropped=tuple(capabilities.get("drop") or ()),
    )
