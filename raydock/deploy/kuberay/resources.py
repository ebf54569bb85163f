"""The options of `deploy kuberay`, and the resources that they request."""

from dataclasses import dataclass
from pathlib import Path

from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import shipped
from raydock.deploy.kuberay import formats, protection, validate
from raydock.deploy.kuberay.code import MOUNT, Code, read
from raydock.deploy.kuberay.deployment import (
    Deployment,
    DriverAffinity,
    Format,
    OperatorVersion,
    Protection,
    ResourceKind,
    Submission,
    Yaml,
)
from raydock.deploy.kuberay.manifest import make_manifest
from raydock.model.labels import Label
from raydock.pick.forward import OPTION, Forward, forward
from raydock.publish.variant_image import VariantImage

PROBE_SCRIPT = Path(__file__).parent / "jobs" / "probe_workers.py"

_OPTION_KINDS = {
    "entrypoint": ResourceKind.RAYJOB,
    "probe": ResourceKind.RAYJOB,
    "shutdown": ResourceKind.RAYJOB,
    "submission": ResourceKind.RAYJOB,
    "serve_config": ResourceKind.RAYSERVICE,
}
_NOT_WITH_PROBE = ("entrypoint", "code", "autoscale")
_ONLY_IN_YAML = ("code", "namespace")
_NOT_IN_KUSTOMIZE = (
    "priority_class",
    *("head_cpus", "head_memory", "worker_cpus", "worker_memory"),
    *("name", "workers", "gpus_per_worker", "autoscale", "node_selector", "image_pull_secret"),
    *("driver_affinity", "forward_compat"),
)


@dataclass(frozen=True, kw_only=True)
class KubeRayOptions:
    """The options of `deploy kuberay`.

    An option that is not given is empty, None or False.

    Attributes:
        kind: the resource to write.
        name: the resource's name.
        workers: the number of workers.
        gpus_per_worker: the number of GPUs of each worker.
        head_cpus: the CPUs of the head.
        head_memory: the memory of the head.
        worker_cpus: the CPUs of each worker.
        worker_memory: the memory of each worker.
        autoscale: the bounds of the autoscaler, MIN:MAX.
        code: a folder whose files are mounted into the pods.
        entrypoint: the command of a RayJob.
        probe: whether the RayJob runs raydock-probe on every worker.
        shutdown: whether the RayJob's cluster is deleted after the job.
        submission: who submits the job of a RayJob.
        serve_config: the Ray Serve configuration file of a RayService.
        namespace: the namespace of the resources.
        node_selector: labels of nodes, LABEL=VALUE.
        priority_class: the PriorityClass of every pod.
        image_pull_secret: the secret with the registry's credentials.
        driver_affinity: how GPU workers select nodes by driver.
        forward_compat: whether forward compatibility is accepted.
        allow_all: whether everyone who reaches the cluster may run code on it.
        kuberay: the release of the operator.
        format: the form of the output.
    """

    kind: ResourceKind
    name: str
    workers: int | None
    gpus_per_worker: int | None
    head_cpus: str
    head_memory: str
    worker_cpus: str
    worker_memory: str
    autoscale: str
    code: Path | None
    entrypoint: str
    probe: bool
    shutdown: bool
    submission: Submission | None
    serve_config: Path | None
    namespace: str
    node_selector: tuple[str, ...]
    priority_class: str
    image_pull_secret: str
    driver_affinity: DriverAffinity | None
    forward_compat: bool
    allow_all: bool
    kuberay: OperatorVersion
    format: Format


def make_resources(options: KubeRayOptions, image: VariantImage) -> list[Yaml]:
    """Return the YAML documents.

    Raises ConfigurationError if an option is invalid or not allowed here, or if the image is not for KubeRay.
    """
    if not image.labels.kuberay:
        raise ConfigurationError(
            f"{image.variant} is not for KubeRay: {Label.KUBERAY} is false.",
            meaning="It lacks packages that probes, jobs or services need: its pods would never be ready.",
            todo="use a different variant; or remove `kuberay: false` from matrix.yaml: `plan` then reports what is"
            " missing.",
        )
    _check_combination(options)
    if options.format is Format.KUSTOMIZE:
        return formats.kustomization(image, options.kind, _protection(options, image))
    deployment = _deployment(options, image)
    if options.format is Format.HELM:
        return [formats.helm_values(deployment)]
    values = {}
    if options.kind is ResourceKind.RAYJOB:
        values["entrypoint"] = _probe_command(deployment) if options.probe else validate.entrypoint(options.entrypoint)
    if options.kind is ResourceKind.RAYSERVICE:
        values["serve_config"] = validate.serve_config(options.serve_config)
    submission = options.submission or Submission.JOB
    return make_manifest(deployment, options.kind, shutdown=options.shutdown, submission=submission, **values)


def notes(options: KubeRayOptions, image: VariantImage) -> list[str]:
    """Return notes on who may run code on the cluster, and on the nodes that GPU workers need."""
    deployment = _deployment(options, image)
    lines = [protection.note(deployment)]
    if options.submission is Submission.SIDECAR:
        lines.append(
            "KubeRay's sidecar that submits the job has no security context: a namespace that enforces the Pod Security"
            " Standard restricted refuses the head's pod. Use `--submission job` there."
        )
    if options.format is not Format.KUSTOMIZE and deployment.workers.resources.gpus:
        lines += _gpu_notes(options, image)
    return lines


def _gpu_notes(options: KubeRayOptions, image: VariantImage) -> list[str]:
    affinity = options.driver_affinity or DriverAffinity.PREFERRED
    texts = shipped("deploy/kuberay/notes.yaml", dict[DriverAffinity, str])
    lines = [texts[affinity].format(floor=image.min_driver)]
    if accepted := _forward(options, image):
        lines.append(
            f"forward compatibility: nodes with an older driver (branch {', '.join(map(str, accepted.branches))}) "
            f"need {accepted.package}; nodes with a newer driver must not have it. Its folder {accepted.folder} is a "
            "hostPath volume, which namespaces with the Pod Security Standard restricted or baseline refuse."
        )
    return lines


def _check_combination(options: KubeRayOptions) -> None:
    """Refuse options that do not apply to the kind or the format."""
    for field, kind in _OPTION_KINDS.items():
        if getattr(options, field) and options.kind is not kind:
            raise ConfigurationError(
                f"{_option(field)} does not apply to a {options.kind.resource}.",
                todo=f"remove it, or create a {kind.resource}: `--kind {kind}`.",
            )
    if options.submission is Submission.SIDECAR and options.kuberay is OperatorVersion.V1_3:
        raise ConfigurationError(
            f"--submission {Submission.SIDECAR} needs KubeRay 1.5 or later, and --kuberay is {options.kuberay}.",
            todo=f"remove it, or give --kuberay {OperatorVersion.V1_7}.",
        )
    for field in _NOT_WITH_PROBE:
        if options.probe and getattr(options, field):
            raise ConfigurationError(
                f"--probe runs its own job on a fixed number of workers: {_option(field)} does not apply to it.",
                todo=f"remove {_option(field)} or --probe.",
            )
    if options.format is Format.YAML:
        return
    if options.format is Format.HELM and options.kind is not ResourceKind.RAYCLUSTER:
        raise ConfigurationError(
            f"KubeRay's ray-cluster chart does not create a {options.kind.resource}.",
            todo=f"remove --format, or use `--kind {ResourceKind.RAYCLUSTER}`.",
        )
    fields = (*_OPTION_KINDS, *_ONLY_IN_YAML, *(_NOT_IN_KUSTOMIZE if options.format is Format.KUSTOMIZE else ()))
    for field in fields:
        if getattr(options, field) not in (None, "", False, ()):
            raise ConfigurationError(
                f"{_option(field)} does not apply to --format {options.format}.",
                todo="remove it; use `helm --namespace`, or set it in your own manifest.",
            )


def _option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _deployment(options: KubeRayOptions, image: VariantImage) -> Deployment:
    return Deployment(
        image=image,
        name=validate.name(options.name, image),
        namespace=validate.namespace(options.namespace),
        head=validate.head(options.head_cpus, options.head_memory),
        workers=validate.workers(
            validate.worker(image, options.gpus_per_worker, options.worker_cpus, options.worker_memory),
            options.workers,
            options.autoscale,
        ),
        protection=_protection(options, image),
        node_selector=validate.node_selector(options.node_selector),
        priority_class=validate.priority_class(options.priority_class),
        pull_secret=validate.pull_secret(options.image_pull_secret),
        code=_code(options),
        kuberay=options.kuberay,
        driver_affinity=options.driver_affinity or DriverAffinity.PREFERRED,
        forward=_forward(options, image),
    )


def _protection(options: KubeRayOptions, image: VariantImage) -> Protection:
    return protection.choose(image.ray, options.kuberay, options.format, allow_all=options.allow_all)


def _forward(options: KubeRayOptions, image: VariantImage) -> Forward | None:
    supported = forward(image.variant.cuda) if options.forward_compat else None
    if options.forward_compat and not supported:
        raise ConfigurationError(
            f"{image.variant} has no forward compatibility: it uses no CUDA, or no supported driver branch is older"
            " than the driver of its CUDA.",
            todo=f"remove {OPTION}.",
        )
    return supported


def _code(options: KubeRayOptions) -> Code | None:
    if options.probe:
        return probe_code()
    return read(options.code) if options.code else None


def probe_code() -> Code:
    """Return the job that runs raydock-probe on every worker, mounted like a user's code."""
    return Code({PROBE_SCRIPT.name: PROBE_SCRIPT.read_text(encoding="utf-8")})


def _probe_command(deployment: Deployment) -> str:
    workers = deployment.workers
    return f"python {MOUNT}/{PROBE_SCRIPT.name} --workers {workers.replicas} --gpus {workers.resources.gpus}"
