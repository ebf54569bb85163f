"""A Ray cluster on Docker hosts: the hosts, their GPUs and the model folder."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from raydock.core.errors import ConfigurationError
from raydock.deploy import exposure
from raydock.model.labels import Label
from raydock.model.variant import Variant
from raydock.pick.forward import OPTION, Forward, forward
from raydock.probe import tokens
from raydock.publish.variant_image import VariantImage

# RFC 1123, section 2.1: letters, digits and hyphens, in labels of at most 63.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, kw_only=True)
class DockerCluster:
    """A Ray cluster of one head and its workers.

    Attributes:
        variant: the variant of the image that every node runs.
        head: the head's name or IPv4 address.
        workers: the workers' names or IPv4 addresses.
        gpus: the number of GPUs of each host.
        model: the path of the model's folder on each host; empty if there is none.
        token: whether requests to Ray need the cluster's token.
        forward_hosts: the hosts that accept forward compatibility (see raydock/pick/forward.py).
    """

    variant: Variant
    head: str
    workers: tuple[str, ...]
    gpus: int
    model: str
    token: bool
    forward_hosts: tuple[str, ...] = ()

    @property
    def forward(self) -> Forward | None:
        """Forward compatibility to the variant's CUDA.

        None if there are no GPUs or it is not supported.
        """
        return forward(self.variant.cuda) if self.gpus else None


def make_cluster(
    variant: Variant,
    *,
    head: str,
    workers: Sequence[str],
    gpus: int | None,
    model: Path | None = None,
    forward_compat: bool = False,
    allow_all: bool = False,
    accepting: Collection[str] = (),
) -> DockerCluster:
    """Return a cluster whose values are safe in a shell script.

    accepting: the hosts that accept forward compatibility.
    forward_compat: whether all hosts accept it.
    allow_all: whether everyone who reaches the cluster may run code on it.

    Raises ConfigurationError if a value is invalid.
    """
    for host in (head, *workers):
        _check_host(host)
    _refuse_duplicates((head, *workers))
    if model is not None:
        _check_model(str(model))
    if not allow_all:
        _require_tokens(variant)
    docker_cluster = DockerCluster(
        variant=variant,
        head=head,
        workers=tuple(workers),
        gpus=_check_gpus(variant, gpus),
        model="" if model is None else str(model),
        token=not allow_all,
        forward_hosts=tuple(host for host in (head, *workers) if forward_compat or host in accepting),
    )
    if forward_compat and not docker_cluster.forward:
        raise ConfigurationError(
            f"{variant.name} has no forward compatibility: it uses no GPU, or no supported driver branch is older than"
            " the driver of its CUDA.",
            todo=f"remove {OPTION}.",
        )
    return docker_cluster


def health_warning(image: VariantImage) -> str:
    """Return a warning if the image's nodes may never become healthy; else ""."""
    if image.labels.kuberay:
        return ""
    return (
        f"{image.variant} is labelled as not for KubeRay ({Label.KUBERAY} is false). If it lacks ray[default],"
        " nothing answers on ports 8265 and 52365, and its nodes never become healthy.\n"
        "Next: check that its `ray-extras` in matrix.yaml list `default`; if not, add it and build the image again."
    )


def _check_host(host: str) -> None:
    if re.fullmatch(r"[0-9.]+", host):
        try:
            loopback = IPv4Address(host).is_loopback
        except AddressValueError:
            raise _bad_host(host) from None
    elif len(host) <= 253 and _NAME.fullmatch(host):
        loopback = host.lower() == "localhost"
    else:
        raise _bad_host(host)
    if loopback:
        raise ConfigurationError(
            f"{host} is a loopback address: other hosts cannot reach it.",
            todo="use an address that the hosts can reach; on one machine, compose.yaml needs no address.",
        )


def _bad_host(host: str) -> ConfigurationError:
    return ConfigurationError(
        f"{host!r} is neither an IPv4 address nor a host name.", todo="use a form such as 10.0.0.11 or gpu01.example."
    )


def _refuse_duplicates(hosts: Sequence[str]) -> None:
    names = [host.lower() for host in hosts]
    for number, host in enumerate(hosts):
        if host.lower() in names[:number]:
            raise ConfigurationError(
                f"{host} is listed twice.",
                meaning="A host runs one node, and the head runs tasks too.",
                todo="list it once, as --head or as --worker.",
            )


def _check_model(path: str) -> None:
    if not path.startswith("/") or ":" in path or not path.isprintable():
        raise ConfigurationError(
            f"--model {path!r} is not a path that Docker can mount.",
            todo="use the folder's absolute path on the hosts, without a colon, such as /data/Qwen2.5-1.5B.",
        )


def _require_tokens(variant: Variant) -> None:
    if not tokens.supported(variant.ray):
        raise ConfigurationError(
            f"{variant.name} cannot require a token: Ray has token authentication from {tokens.SINCE} on.",
            meaning=f"Without a token, {exposure.RISK}.",
            todo=f"choose a variant with a newer Ray, or accept the risk with {exposure.OPTION}.",
        )


def _check_gpus(variant: Variant, gpus: int | None) -> int:
    if gpus is None and variant.gpu:
        raise ConfigurationError(
            f"{variant.name} is for GPUs, and --gpus is missing.",
            todo="add the number of GPUs of each host, such as --gpus 2; --gpus 0 starts the nodes without GPUs.",
        )
    if gpus and not variant.gpu:
        raise ConfigurationError(
            f"{variant.name} has no CUDA and cannot use --gpus {gpus}.",
            todo="choose a variant with CUDA (`./build.py plan --select 'cuda=!cpu'`), or remove --gpus.",
        )
    return gpus or 0
