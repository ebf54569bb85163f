"""What is asked for, and the resources that answer it."""

from dataclasses import dataclass
from pathlib import Path

from raydock.errors import ConfigurationError
from raydock.ship.kuberay import code, helm, kustomize, manifest, serveconfig, words
from raydock.ship.kuberay.deployment import Deployment, Format, Kind, KubeRay, Yaml
from raydock.ship.pinned import Pinned

_EVERY_KIND = tuple(Kind)
# Where an option has a meaning: the kinds and the formats.
_PLACES: dict[str, tuple[tuple[Kind, ...], tuple[Format, ...]]] = {
    "entrypoint": ((Kind.RAYJOB,), (Format.YAML,)),
    "shutdown": ((Kind.RAYJOB,), (Format.YAML,)),
    "serve_config": ((Kind.RAYSERVICE,), (Format.YAML,)),
    "code": (_EVERY_KIND, (Format.YAML,)),
    "namespace": (_EVERY_KIND, (Format.YAML,)),
    "name": (_EVERY_KIND, (Format.YAML, Format.HELM)),
    "workers": (_EVERY_KIND, (Format.YAML, Format.HELM)),
    "gpus_per_worker": (_EVERY_KIND, (Format.YAML, Format.HELM)),
    "autoscale": (_EVERY_KIND, (Format.YAML, Format.HELM)),
    "node_selector": (_EVERY_KIND, (Format.YAML, Format.HELM)),
    "image_pull_secret": (_EVERY_KIND, (Format.YAML, Format.HELM)),
}


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
    shutdown: bool
    serve_config: Path | None
    namespace: str
    node_selector: tuple[str, ...]
    image_pull_secret: str
    kuberay: KubeRay
    format: Format


def resources(asked: Asked, image: Pinned) -> list[Yaml]:
    """The YAML documents that answer it. Raises ConfigurationError for what cannot be meant."""
    _refuse_misplaced(asked)
    if asked.format is Format.KUSTOMIZE:
        return [kustomize.overlay(image, asked.kind)]
    deployment = _deployment(asked, image)
    if asked.format is Format.HELM:
        return [helm.values(deployment)]
    if asked.kind is Kind.RAYJOB:
        return manifest.ray_job(deployment, words.entrypoint(asked.entrypoint), shutdown=asked.shutdown)
    if asked.kind is Kind.RAYCLUSTER:
        return manifest.ray_cluster(deployment)
    if not asked.serve_config:
        raise ConfigurationError(
            "A RayService serves applications, and none is named.",
            todo="--serve-config examples/serve/serve.yaml, say.",
        )
    return manifest.ray_service(deployment, serveconfig.load(asked.serve_config))


def _refuse_misplaced(asked: Asked) -> None:
    if asked.format is Format.HELM and asked.kind is not Kind.RAYCLUSTER:
        raise ConfigurationError(
            f"KubeRay's ray-cluster chart makes no {asked.kind.resource}.",
            todo=f"leave --format out, or write `--kind {Kind.RAYCLUSTER}`.",
        )
    for field, (kinds, formats) in _PLACES.items():
        option = f"--{field.replace('_', '-')}"
        if getattr(asked, field) in {None, "", False, ()}:
            continue
        if asked.kind not in kinds:
            raise ConfigurationError(f"A {asked.kind.resource} has no {option}.", todo=f"--kind {kinds[0]} has.")
        if asked.format not in formats:
            raise ConfigurationError(
                f"{option} has no place in --format {asked.format}.",
                todo="give it to `helm install`, or to the manifest itself."
                if option == "--namespace"
                else "leave it out.",
            )


def _deployment(asked: Asked, image: Pinned) -> Deployment:
    return Deployment(
        image=image,
        name=words.name(asked.name, image),
        namespace=words.namespace(asked.namespace),
        workers=words.workers(image, asked.workers, asked.gpus_per_worker, asked.autoscale),
        node_selector=words.node_selector(asked.node_selector),
        pull_secret=words.pull_secret(asked.image_pull_secret),
        code=code.read(asked.code) if asked.code else None,
        kuberay=asked.kuberay,
    )
