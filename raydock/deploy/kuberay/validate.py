"""Checks of option values by the rules of Kubernetes and KubeRay."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import msgspec

from raydock.core import yamlfile
from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.deployment import Workers
from raydock.publish.variant_image import VariantImage

# KubeRay, utils/constant.go: KubeRay appends suffixes to a RayJob's or RayService's name for its cluster and services.
NAME_LENGTH = 47

# Kubernetes, Object Names and IDs, and Labels and Selectors.
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_NAMESPACE = re.compile(_LABEL)
_SECRET = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SELECTOR = re.compile(
    rf"(?P<key>(?:{_LABEL}(?:\.{_LABEL})*/)?[A-Za-z0-9](?:[-\w.]{{0,61}}[A-Za-z0-9])?)"
    r"=(?P<value>(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?)",
    re.ASCII,
)
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
    form = "lowercase letters, digits, dashes and dots, 253 characters at most"
    return value and _match("--image-pull-secret", value, _SECRET, 253, form)


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


def workers(image: VariantImage, count: int | None, gpus: int | None, autoscale: str) -> Workers:
    """Return the workers.

    The default is one worker with one GPU, or without a GPU for cpu.
    """
    gpus = int(image.variant.gpu) if gpus is None else gpus
    if gpus and not image.min_driver:
        raise ConfigurationError(
            f"{image.variant} cannot use --gpus-per-worker {gpus}: it has no CUDA, or the driver it needs is unknown.",
            todo="remove --gpus-per-worker, or choose a variant with CUDA: `./build.py plan --select 'cuda=!cpu'`.",
        )
    least, most = _bounds(autoscale) if autoscale else (1, 10**5)
    replicas = least if count is None else count
    if not least <= replicas <= most:
        _refuse("--workers", str(replicas), f"a number from {least} to {most}; the head runs no tasks")
    if not autoscale:
        least = most = replicas
    return Workers(replicas=replicas, least=least, most=most, gpus=gpus, autoscaled=bool(autoscale))


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
