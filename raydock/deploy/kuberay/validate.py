"""Words of a user's that go into a manifest, each checked for what Kubernetes would refuse later."""

import re
from collections.abc import Iterable
from typing import NoReturn

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.deployment import Workers
from raydock.publish.variant_image import VariantImage

# KubeRay, utils/constant.go: a RayJob's or RayService's name has room for what its cluster and services add to it.
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


def name(asked: str, image: VariantImage) -> str:
    """A resource's name: the one asked for, or the variant's with dashes for dots."""
    form = f"a letter first, then small letters, digits and dashes, {NAME_LENGTH} at most"
    return _matching("--name", asked or image.variant.name.replace(".", "-"), _NAME, NAME_LENGTH, form)


def namespace(asked: str) -> str:
    """A namespace, or nothing."""
    return asked and _matching("--namespace", asked, _NAMESPACE, 63, "small letters, digits and dashes, 63 at most")


def pull_secret(asked: str) -> str:
    """A secret's name, or nothing."""
    form = "small letters, digits, dashes and dots, 253 at most"
    return asked and _matching("--image-pull-secret", asked, _SECRET, 253, form)


def node_selector(asked: Iterable[str]) -> dict[str, str]:
    """Nodes' labels by name, from words such as nvidia.com/gpu.product=A100-SXM4-80GB."""
    matches = [_SELECTOR.fullmatch(word) or _refuse("--node-selector", word, "LABEL=VALUE") for word in asked]
    return {match["key"]: match["value"] for match in matches}


def entrypoint(asked: str) -> str:
    """A job's command line: one line, since KubeRay puts it into a shell's."""
    if not asked.strip() or not asked.isprintable():
        _refuse("--entrypoint", asked, "one line, as `python /home/ray/samples/sample_code.py`")
    return asked


def workers(image: VariantImage, count: int | None, gpus: int | None, autoscale: str) -> Workers:
    """The workers: one with one GPU (none for cpu) where nothing else is asked for."""
    gpus = int(image.variant.gpu) if gpus is None else gpus
    if gpus and not image.min_driver:
        raise ConfigurationError(
            f"{image.variant} uses no GPU: it has no CUDA user space whose driver is known.",
            todo="leave --gpus-per-worker out, or choose a variant with CUDA: `./build.py plan --select 'cuda=!cpu'`.",
        )
    least, most = _bounds(autoscale) if autoscale else (1, 10**5)
    replicas = least if count is None else count
    if not least <= replicas <= most:
        _refuse("--workers", str(replicas), f"a number from {least} to {most}; a head runs no tasks of its own")
    if not autoscale:
        least = most = replicas
    return Workers(replicas=replicas, least=least, most=most, gpus=gpus, autoscaled=bool(autoscale))


def _bounds(asked: str) -> tuple[int, int]:
    match = _BOUNDS.fullmatch(asked)
    if not match or int(match["least"]) > int(match["most"]) or not int(match["most"]):
        _refuse("--autoscale", asked, "MIN:MAX, as 0:4")
    return int(match["least"]), int(match["most"])


def _matching(option: str, value: str, form: re.Pattern[str], length: int, words: str) -> str:
    if not form.fullmatch(value) or len(value) > length:
        _refuse(option, value, words)
    return value


def _refuse(option: str, value: str, form: str) -> NoReturn:
    raise ConfigurationError(f"{option} {value!r} is not allowed.", todo=f"write {form}.")
