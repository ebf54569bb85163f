"""A cluster by bare Docker: its hosts, and what each of them gives to Ray."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from raydock.core.errors import ConfigurationError
from raydock.model.labels import Label
from raydock.model.variant import Variant
from raydock.pick.forward import OPTION, Forward, forward
from raydock.publish.variant_image import VariantImage

# RFC 1123, section 2.1: letters, digits and hyphens, in labels of at most 63.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, kw_only=True)
class DockerCluster:
    """A head and its workers by name or IPv4 address, the GPUs of each host, and a folder of each host (or "").

    `forward_hosts`: those whose user accepts forward compatibility (see raydock/pick/forward.py).
    """

    variant: Variant
    head: str
    workers: tuple[str, ...]
    gpus: int
    model: str
    forward_hosts: tuple[str, ...] = ()

    @property
    def forward(self) -> Forward | None:
        """Forward compatibility to the variant's CUDA; None without GPUs, and if none is supported."""
        return forward(self.variant.cuda) if self.gpus else None


def cluster(
    variant: Variant,
    *,
    head: str,
    workers: Sequence[str],
    gpus: int | None,
    model: Path | None = None,
    forward_compat: bool = False,
    accepting: Collection[str] = (),
) -> DockerCluster:
    """A cluster whose values are fit for a shell script. Raises ConfigurationError for those that are not.

    Forward compatibility is accepted on the hosts of `accepting`, and with `forward_compat` on all.
    """
    for host in (head, *workers):
        _check_host(host)
    _refuse_twice((head, *workers))
    if model is not None:
        _check_model(str(model))
    made = DockerCluster(
        variant=variant,
        head=head,
        workers=tuple(workers),
        gpus=_gpus(variant, gpus),
        model="" if model is None else str(model),
        forward_hosts=tuple(host for host in (head, *workers) if forward_compat or host in accepting),
    )
    if forward_compat and not made.forward:
        raise ConfigurationError(
            f"{variant.name} has no forward compatibility: without GPUs there is no driver, and otherwise no supported"
            " driver branch is older than its CUDA's own.",
            todo=f"leave {OPTION} out.",
        )
    return made


def doubts(image: VariantImage) -> str:
    """Why its nodes may never count as started; empty where nothing speaks against it."""
    if image.kuberay:
        return ""
    return (
        f"{image.variant} is labelled as not for KubeRay ({Label.KUBERAY} is false). Where it lacks ray[default],"
        " nothing answers on 8265 and 52365, and no node of it ever counts as started.\n"
        "Next: see that its `ray-extras` in matrix.yaml hold `default`; without, add it and build the image again."
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
            f"{host} is every host's own name for itself: no other host reaches it.",
            todo="give an address that the hosts have for each other; on one machine alone, compose.yaml uses none.",
        )


def _bad_host(host: str) -> ConfigurationError:
    return ConfigurationError(
        f"{host!r} is neither an IPv4 address nor a host's name.", todo="write it like 10.0.0.11 or gpu01.example."
    )


def _refuse_twice(hosts: Iterable[str]) -> None:
    seen: set[str] = set()
    for host in hosts:
        if host.lower() in seen:
            raise ConfigurationError(
                f"{host} is named twice.",
                meaning="A host holds one node: a head computes too.",
                todo="name it once, as --head or as --worker.",
            )
        seen.add(host.lower())


def _check_model(path: str) -> None:
    if not path.startswith("/") or ":" in path or not path.isprintable():
        raise ConfigurationError(
            f"--model {path!r} is not a path that Docker can mount.",
            todo="write the folder's full path on the hosts, without a colon, like /data/Qwen2.5-1.5B.",
        )


def _gpus(variant: Variant, asked: int | None) -> int:
    if asked is None and variant.gpu:
        raise ConfigurationError(
            f"{variant.name} is for GPUs, and nobody said how many each host has.",
            todo="--gpus 2, or --gpus 0 for a trial without.",
        )
    if asked and not variant.gpu:
        raise ConfigurationError(
            f"{variant.name} has no CUDA and cannot use --gpus {asked}.",
            todo="choose a variant with CUDA (`./build.py plan --select 'cuda=!cpu'`), or leave --gpus away.",
        )
    return asked or 0
