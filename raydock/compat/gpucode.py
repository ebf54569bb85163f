"""The GPUs that run code that was compiled for different GPUs."""

from collections.abc import Iterable

from raydock.core.models import Dated
from raydock.core.yamlfile import shipped


class TegraGpus(Dated, frozen=True, kw_only=True):
    """GPUs of Tegra.

    Attributes:
        sm: their sm numbers.
    """

    sm: frozenset[int]


def code_for(built: Iterable[int], gpu: int) -> int | None:
    """The highest sm number in `built` whose code a GPU runs; None if it runs none.

    Code for X.y runs on X.z if z >= y, and on Tegra only if both are the same (NVIDIA, CUDA C++ Programming Guide,
    binary compatibility). A driver can compile PTX for newer GPUs, but PTX is not counted: the lists name the binary
    code in wheels.
    """
    tegra = shipped("compat/data/tegra.yaml", TegraGpus).sm
    older = (sm for sm in built if sm // 10 == gpu // 10 and sm <= gpu)
    return max((sm for sm in older if sm == gpu or not tegra & {sm, gpu}), default=None)


def architectures(gpus: Iterable[int]) -> tuple[str, ...]:
    """The architectures that nvcc must compile for these GPUs, with FlashInfer's names: `8.0`, `9.0a`, `10.0f`.

    Code for the oldest GPU of a major version runs on all its GPUs; from 9.0 on, kernels use instructions of their own
    version (a) or of its family (f). Source: CUDA C++ Programming Guide 13.0, feature sets; read 2026-11-29.
    """
    needed: list[int] = []
    for gpu in sorted(gpus):
        if code_for(needed, gpu) is None:
            needed.append(gpu)
    return tuple(f"{sm // 10}.{sm % 10}{_feature_set(sm)}" for sm in needed)


def _feature_set(sm: int) -> str:
    if sm < 90:
        return ""
    return "a" if sm < 100 else "f"
