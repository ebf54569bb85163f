"""Checks of option values by the rules of Kubernetes and KubeRay."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import msgspec

from raydock.core import yamlfile
from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.deployment import Resources, Workers
from raydock.model.variant import NONE
from raydock.publish.variant_image import VariantImage

# KubeRay, utils/constant.go: KubeRay appends suffixes to a RayJob's or RayService's name for its cluster and services.
NAME_LENGTH = 47

# Kubernetes, Object Names and IDs, and Labels and Selectors.
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_NAMESPACE = re.compile(_LABEL)
_OBJECT = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SELECTOR = re.compile(
    rf"(?P<key>(?:{_LABEL}(?:\.{_LABEL})*/)?[A-Za-z0-9](?:[-\w.]{{0,61}}[A-Za-z0-9])?)"
    r"=(?P<value>(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?)",
    re.ASCII,
)
# Kubernetes, Resource Management for Pods and Containers: quantities, as far as pods of Ray need them.
_CPUS = re.compile(r"[1-9]\d{0,3}(?:\.\d{1,3})?|0\.\d{1,3}|[1-9]\d{0,6}m")
_MEMORY = re.compile(r"(?P<number>[1-9]\d{0,6})(?P<unit>Mi|Gi)")
_BOUNDS = re.compile(r"(?P<least>\d{1,5}):(?P<most>\d{1,5})")


def name(value: str, image: VariantImage) -> str:
    """Return a resource's name.

    The default is the variant's name with dashes in place of dots.
    """
    form = f"lowercase letters, digits and dashes, beginning with a letter, {NAME_LENGTH} characters at most"
    return _match("--name", value or image.variant.name.replace(".", "-"), _NAME, NAME_LENGTH, form)


def namespace(value: str) -> str:
    """Return a valid namespace; empty if the option is not given."""
    form = "lowercase letters, digits and dashes, 63 characters at most"
    return value and _match("--namespace", value, _NAMESPACE, 63, form)


def pull_secret(value: str) -> str:
    """Return a valid name of a secret; empty if the option is not given."""
    return _object_name("--image-pull-secret", value)


def priority_class(value: str) -> str:
    """Return a valid name of a PriorityClass; empty if the option is not given."""
    return _object_name("--priority-class", value)


def _object_name(option: str, value: str) -> str:
    form = "lowercase letters, digits, dashes and dots, 253 characters at most"
    return value and _match(option, value, _OBJECT, 253, form)


def node_selector(values: Iterable[str]) -> dict[str, str]:
    """Parse labels of nodes; return the values by label.

    A label is such as nvidia.com/gpu.product=A100-SXM4-80GB.
    """
    matches = [_SELECTOR.fullmatch(value) or _refuse("--node-selector", value, "LABEL=VALUE") for value in values]
    return {match["key"]: match["value"] for match in matches}


def entrypoint(value: str) -> str:
    """Return a job's command line.

    It must be one line, since KubeRay puts it into a line of a shell script.
    """
    if not value.strip() or not value.isprintable():
        _refuse("--entrypoint", value, "one line, such as `python /home/ray/samples/sample_code.py`")
    return value


class ServeApplication(msgspec.Struct):
    """An application of Ray Serve, as far as raydock knows it.

    Attributes:
        import_path: the module and the name of the application in it.
    """

    import_path: str


class ServeConfig(msgspec.Struct):
    """A configuration of Ray Serve, as far as raydock knows it.

    Attributes:
        applications: the applications.
    """

    applications: tuple[ServeApplication, ...]


def serve_config(path: Path | None) -> str:
    """Return the text of a Ray Serve configuration file.

    Raises ConfigurationError if no file is given or, with the line, if the file does not configure applications.
    """
    if path is None:
        raise ConfigurationError(
            "A RayService needs --serve-config, and it is missing.",
            todo="add --serve-config FILE, such as examples/serve/serve.yaml.",
        )
    yamlfile.read(path).convert(ServeConfig)
    return path.read_text(encoding="utf-8")


def head(cpus: str, memory: str) -> Resources:
    """Return the head's resources. By default it has 2 CPUs and 4 GiB: it runs no tasks."""
    return _resources("head", cpus or "2", memory or "4Gi")


def _resources(pod: str, cpus: str, memory: str, gpus: int = 0) -> Resources:
    if not _CPUS.fullmatch(cpus):
        _refuse(f"--{pod}-cpus", cpus, "a number of CPUs, such as 4, 0.5 or 500m")
    if not (match := _MEMORY.fullmatch(memory)):
        _refuse(f"--{pod}-memory", memory, "a whole number of Mi or Gi, such as 16Gi")
    mebibytes = int(match["number"]) * {"Mi": 1, "Gi": 1024}[match["unit"]]
    return Resources(cpus=cpus, mebibytes=mebibytes, gpus=gpus)


def worker(image: VariantImage, gpus: int | None, cpus: str, memory: str) -> Resources:
    """Return a worker's resources.

    The default is one GPU, or none for cpu; 4 CPUs and 16 GiB for each GPU, or 2 CPUs and 4 GiB without a GPU. Workers
    with vllm have the memory of one GPU also without it: an engine does not start in 4 GiB.
    """
    gpus = int(image.variant.gpu) if gpus is None else gpus
    if gpus and not image.min_driver:
        raise ConfigurationError(
            f"{image.variant} cannot use --gpus-per-worker {gpus}: it has no CUDA, or the driver it needs is unknown.",
            todo="remove --gpus-per-worker, or choose a variant with CUDA: `./build.py plan --select 'cuda=!cpu'`.",
        )
    least = 4 if image.variant.vllm == NONE else 16
    return _resources("worker", cpus or str(4 * gpus or 2), memory or f"{16 * gpus or least}Gi", gpus)


def workers(resources: Resources, count: int | None, autoscale: str) -> Workers:
    """Return the workers, by default one."""
    least, most = _bounds(autoscale) if autoscale else (1, 10**5)
    replicas = least if count is None else count
    if not least <= replicas <= most:
        _refuse("--workers", str(replicas), f"a number from {least} to {most}; the head runs no tasks")
    if not autoscale:
        least = most = replicas
    return Workers(replicas=replicas, least=least, most=most, resources=resources, autoscaled=bool(autoscale))


def _bounds(value: str) -> tuple[int, int]:
    match = _BOUNDS.fullmatch(value)
    if not match or int(match["least"]) > int(match["most"]) or not int(match["most"]):
        _refuse("--autoscale", value, "MIN:MAX, such as 0:4")
    return int(match["least"]), int(match["most"])


def _match(option: str, value: str, pattern: re.Pattern[str], length: int, form: str) -> str:
    if not pattern.fullmatch(value) or len(value) > length:
        _refuse(option, value, form)
    return value


def _refuse(option: str, value: str, form: str) -> NoReturn:
    raise ConfigurationError(f"{option} {value!r} is not valid.", todo=f"use {form}.")
