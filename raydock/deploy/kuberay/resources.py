"""What is asked for, and the resources that answer it."""

from dataclasses import dataclass
from pathlib import Path

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay import code, helm, kustomize, manifest, probing, serveconfig, validate
from raydock.deploy.kuberay.deployment import Deployment, DriverAffinity, Format, OperatorVersion, ResourceKind, Yaml
from raydock.model.labels import Label
from raydock.pick.forward import OPTION, Forward, forward
from raydock.publish.variant_image import VariantImage

_OF_ONE_KIND = {
    "entrypoint": ResourceKind.RAYJOB,
    "probe": ResourceKind.RAYJOB,
    "shutdown": ResourceKind.RAYJOB,
    "serve_config": ResourceKind.RAYSERVICE,
}
_NOT_IN_PROBE = ("entrypoint", "code", "autoscale")
_IN_RESOURCES_ONLY = ("code", "namespace")
_NOT_IN_KUSTOMIZE = (
    *("name", "workers", "gpus_per_worker", "autoscale", "node_selector", "image_pull_secret"),
    *("driver_affinity", "forward_compat"),
)

_AFFINITY = {
    DriverAffinity.REQUIRED: (
        "GPU workers start only on nodes whose labels (NVIDIA's GPU Feature Discovery) state a driver >= {floor}."
        " Without these labels, as by default on GKE and EKS, and in an empty node group that must scale from zero,"
        " they stay pending: use `--driver-affinity preferred` there."
    ),
    DriverAffinity.PREFERRED: (
        "GPU workers prefer nodes whose labels (NVIDIA's GPU Feature Discovery) state a driver >= {floor}, and accept"
        " other nodes, so that they start without these labels and from zero nodes. An older driver is not refused:"
        " `--kind rayjob --probe` tests the driver of every worker; `--driver-affinity required` refuses."
    ),
    DriverAffinity.NONE: (
        "GPU workers start on any node with GPUs. The image needs a driver >= {floor}:"
        " `--kind rayjob --probe` tests it."
    ),
}


@dataclass(frozen=True, kw_only=True)
class KubeRayOptions:
    """The options of `deploy kuberay` as written: empty, None or False where they were not."""

    kind: ResourceKind
    name: str
    workers: int | None
    gpus_per_worker: int | None
    autoscale: str
    code: Path | None
    entrypoint: str
    probe: bool
    shutdown: bool
    serve_config: Path | None
    namespace: str
    node_selector: tuple[str, ...]
    image_pull_secret: str
    driver_affinity: DriverAffinity | None
    forward_compat: bool
    kuberay: OperatorVersion
    format: Format


def resources(asked: KubeRayOptions, image: VariantImage) -> list[Yaml]:
    """The YAML documents that answer it. Raises ConfigurationError for what cannot be meant, and for an image that is
    not for KubeRay."""
    if not image.kuberay:
        raise ConfigurationError(
            f"{image.variant} is not for KubeRay: {Label.KUBERAY} is false.",
            meaning="It lacks what probes, jobs or services of its pods need: they would never be ready.",
            todo="name another variant; or leave `kuberay: false` out of matrix.yaml, which says then what is lacking.",
        )
    _refuse_misplaced(asked)
    if asked.format is Format.KUSTOMIZE:
        return [kustomize.overlay(image, asked.kind)]
    deployment = _deployment(asked, image)
    if asked.format is Format.HELM:
        return [helm.values(deployment)]
    if asked.kind is ResourceKind.RAYJOB:
        entrypoint = probing.entrypoint(deployment.workers) if asked.probe else validate.entrypoint(asked.entrypoint)
        return manifest.ray_job(deployment, entrypoint, shutdown=asked.shutdown)
    if asked.kind is ResourceKind.RAYCLUSTER:
        return manifest.ray_cluster(deployment)
    if not asked.serve_config:
        raise ConfigurationError(
            "A RayService serves applications, and none is named.",
            todo="--serve-config examples/serve/serve.yaml, say.",
        )
    return manifest.ray_service(deployment, serveconfig.load(asked.serve_config))


def notes(asked: KubeRayOptions, image: VariantImage) -> list[str]:
    """What whoever applies the documents must know about the nodes of GPU workers; nothing without GPU workers."""
    if asked.format is Format.KUSTOMIZE or not _deployment(asked, image).workers.gpus:
        return []
    affinity = asked.driver_affinity or DriverAffinity.PREFERRED
    lines = [_AFFINITY[affinity].format(floor=image.min_driver)]
    if accepted := _forward(asked, image):
        lines.append(
            f"forward compatibility: the nodes with an older driver (branch {', '.join(map(str, accepted.branches))}) "
            f"need {accepted.package}, nodes with a newer one must not have it. Its folder {accepted.folder} is a "
            "hostPath volume, which namespaces with the Pod Security Standard restricted or baseline refuse."
        )
    return lines


def _refuse_misplaced(asked: KubeRayOptions) -> None:
    """Refuses options that the kind or the format has no place for."""
    for field, kind in _OF_ONE_KIND.items():
        if getattr(asked, field) and asked.kind is not kind:
            raise ConfigurationError(
                f"A {asked.kind.resource} has no {_option(field)}.", todo=f"a {kind.resource} has: `--kind {kind}`."
            )
    for field in _NOT_IN_PROBE:
        if asked.probe and getattr(asked, field):
            raise ConfigurationError(
                f"--probe is a job of its own on so many workers: {_option(field)} has no place in it.",
                todo=f"leave {_option(field)} out, or --probe.",
            )
    if asked.format is Format.YAML:
        return
    if asked.format is Format.HELM and asked.kind is not ResourceKind.RAYCLUSTER:
        raise ConfigurationError(
            f"KubeRay's ray-cluster chart makes no {asked.kind.resource}.",
            todo=f"leave --format out, or write `--kind {ResourceKind.RAYCLUSTER}`.",
        )
    fields = (*_OF_ONE_KIND, *_IN_RESOURCES_ONLY, *(_NOT_IN_KUSTOMIZE if asked.format is Format.KUSTOMIZE else ()))
    for field in fields:
        if getattr(asked, field) not in (None, "", False, ()):
            raise ConfigurationError(
                f"{_option(field)} has no place in --format {asked.format}.",
                todo="leave it out; `helm --namespace` and your own manifest have one.",
            )


def _option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _deployment(asked: KubeRayOptions, image: VariantImage) -> Deployment:
    return Deployment(
        image=image,
        name=validate.name(asked.name, image),
        namespace=validate.namespace(asked.namespace),
        workers=validate.workers(image, asked.workers, asked.gpus_per_worker, asked.autoscale),
        node_selector=validate.node_selector(asked.node_selector),
        pull_secret=validate.pull_secret(asked.image_pull_secret),
        code=_code(asked),
        kuberay=asked.kuberay,
        driver_affinity=asked.driver_affinity or DriverAffinity.PREFERRED,
        forward=_forward(asked, image),
    )


def _forward(asked: KubeRayOptions, image: VariantImage) -> Forward | None:
    supported = forward(image.variant.cuda) if asked.forward_compat else None
    if asked.forward_compat and not supported:
        raise ConfigurationError(
            f"{image.variant} has no forward compatibility: no supported driver branch is older than its CUDA's own.",
            todo=f"leave {OPTION} out.",
        )
    return supported


def _code(asked: KubeRayOptions) -> code.Code | None:
    if asked.probe:
        return probing.code()
    return code.read(asked.code) if asked.code else None
