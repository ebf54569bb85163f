"""What is asked for, and the resources that answer it."""

from dataclasses import dataclass
from pathlib import Path

from raydock.errors import ConfigurationError
from raydock.prove.configuration import KUBERAY_LABEL
from raydock.ship.kuberay import code, helm, kustomize, manifest, probing, serveconfig, words
from raydock.ship.kuberay.deployment import Deployment, Format, Kind, KubeRay, Yaml
from raydock.ship.published import Published

_OF_ONE_KIND = {
    "entrypoint": Kind.RAYJOB,
    "probe": Kind.RAYJOB,
    "shutdown": Kind.RAYJOB,
    "serve_config": Kind.RAYSERVICE,
}
_NOT_IN_PROBE = ("entrypoint", "code", "autoscale")
_IN_RESOURCES_ONLY = ("code", "namespace")
_NOT_IN_KUSTOMIZE = ("name", "workers", "gpus_per_worker", "autoscale", "node_selector", "image_pull_secret")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of `deploy kuberay` as written: empty, None or False where they were not."""

    kind: Kind
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
    kuberay: KubeRay
    format: Format


def resources(asked: Asked, image: Published) -> list[Yaml]:
    """The YAML documents that answer it. Raises ConfigurationError for what cannot be meant, and for an image that is
    not for KubeRay."""
    if not image.kuberay:
        raise ConfigurationError(
            f"{image.variant} is not for KubeRay: {KUBERAY_LABEL} is false.",
            meaning="It lacks what probes, jobs or services of its pods need: they would never be ready.",
            todo="name another variant; or leave `kuberay: false` out of matrix.yaml, which says then what is lacking.",
        )
    _refuse_misplaced(asked)
    if asked.format is Format.KUSTOMIZE:
        return [kustomize.overlay(image, asked.kind)]
    deployment = _deployment(asked, image)
    if asked.format is Format.HELM:
        return [helm.values(deployment)]
    if asked.kind is Kind.RAYJOB:
        entrypoint = probing.entrypoint(deployment.workers) if asked.probe else words.entrypoint(asked.entrypoint)
        return manifest.ray_job(deployment, entrypoint, shutdown=asked.shutdown)
    if asked.kind is Kind.RAYCLUSTER:
        return manifest.ray_cluster(deployment)
    if not asked.serve_config:
        raise ConfigurationError(
            "A RayService serves applications, and none is named.",
            todo="--serve-config examples/serve/serve.yaml, say.",
        )
    return manifest.ray_service(deployment, serveconfig.load(asked.serve_config))


def _refuse_misplaced(asked: Asked) -> None:
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
    if asked.format is Format.HELM and asked.kind is not Kind.RAYCLUSTER:
        raise ConfigurationError(
            f"KubeRay's ray-cluster chart makes no {asked.kind.resource}.",
            todo=f"leave --format out, or write `--kind {Kind.RAYCLUSTER}`.",
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


def _deployment(asked: Asked, image: Published) -> Deployment:
    return Deployment(
        image=image,
        name=words.name(asked.name, image),
        namespace=words.namespace(asked.namespace),
        workers=words.workers(image, asked.workers, asked.gpus_per_worker, asked.autoscale),
        node_selector=words.node_selector(asked.node_selector),
        pull_secret=words.pull_secret(asked.image_pull_secret),
        code=_code(asked),
        kuberay=asked.kuberay,
    )


def _code(asked: Asked) -> code.Code | None:
    if asked.probe:
        return probing.code()
    return code.read(asked.code) if asked.code else None
