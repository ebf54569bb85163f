"""CUDA's forward compatibility: a newer CUDA on an older driver.

It is refused unless the user accepts it.

`pick`, `doctor`, the scripts of `deploy docker` and the node affinity of `deploy kuberay` share one rule: data-centre
GPUs, and a driver branch that NVIDIA supports as a target and that is older than the toolkit's own driver. A container
then needs three things: the folder of the package cuda-compat from its host, that folder first in LD_LIBRARY_PATH, and
NVIDIA_DISABLE_REQUIRE, since NVIDIA's hook refuses the driver by the image's NVIDIA_REQUIRE_CUDA. The hook knows
neither a GPU's name nor cuda-compat, so no condition of an image can express this rule: the script or the node affinity
that starts the container checks it. Source: NVIDIA, CUDA Compatibility, forward compatibility; NVIDIA Container
Toolkit, environment variables (NVIDIA_DISABLE_REQUIRE); read 2026-11-29.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raydock.compat.gpu_names import known
from raydock.compat.gpucode import code_for
from raydock.compat.runs import older, own_driver
from raydock.core.yamlfile import shipped
from raydock.pick.nvidia_smi import GpuHost
from raydock.publish.variant_image import VariantImage

OPTION = "--forward-compat"


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Forward compatibility to one CUDA.

    Attributes:
        cuda: the CUDA version, such as 13.0.
        branches: the driver branches that are supported, such as 535.
        gpus: patterns of the names of data-centre GPUs, as nvidia-smi writes them.
        products: the full names that are known, for uses that cannot match patterns.
    """

    cuda: str
    branches: tuple[int, ...]
    gpus: tuple[str, ...]
    products: tuple[str, ...]

    @property
    def package(self) -> str:
        """NVIDIA's package that a host must have."""
        return f"cuda-compat-{self.cuda.replace('.', '-')}"

    @property
    def folder(self) -> str:
        """The folder of the package's libraries."""
        return f"/usr/local/cuda-{self.cuda}/compat"

    @property
    def environment(self) -> Mapping[str, str]:
        """A container's environment variables, with `folder` mounted at the same path."""
        return {"LD_LIBRARY_PATH": self.folder, "NVIDIA_DISABLE_REQUIRE": "true"}


def forward(cuda: str) -> Forward | None:
    """Return forward compatibility to a CUDA.

    Returns None if the CUDA's driver is not known or no supported branch is older.
    """
    own, names = own_driver(cuda), known()
    branches = tuple(sorted(branch for branch in names.branches if own and branch < _branch(own)))
    if not branches:
        return None
    return Forward(cuda=cuda, branches=branches, gpus=names.data_centre, products=names.products)


def is_covered(candidate: VariantImage, host: GpuHost) -> bool:
    """Whether a host with an older driver can run a candidate by forward compatibility."""
    supported = forward(candidate.variant.cuda)
    return (
        supported is not None
        and bool(host.gpus)
        and older(host.driver, candidate.min_driver)
        and _branch(host.driver) in supported.branches
        and all(known().is_data_centre(gpu.name) and code_for(candidate.labels.sm, gpu.sm) for gpu in host.gpus)
    )


def note(name: str, candidate: VariantImage, hosts: Sequence[GpuHost]) -> str:
    """A note of notes.yaml, with what the candidate needs on hosts with an older driver.

    name: `offer` if the hosts can run the candidate, `reliance` if it is picked.
    """
    texts = shipped("pick/notes.yaml", dict[str, str])
    supported = forward(candidate.variant.cuda)
    needs = texts["needs"].format(candidate=candidate, forward=supported, option=OPTION)
    branches = ", ".join(sorted({str(_branch(host.driver)) for host in hosts}))
    return texts[name].format(candidate=candidate, branches=branches, option=OPTION, needs=needs)


def older_driver(candidate: VariantImage, host: GpuHost) -> bool:
    """Whether a host's driver is older than a candidate needs."""
    return bool(candidate.min_driver and host.driver) and older(host.driver, candidate.min_driver)


def _branch(driver: str) -> int:
    return int(driver.split(".", maxsplit=1)[0])
