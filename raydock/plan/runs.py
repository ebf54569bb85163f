"""Whether a driver and a GPU run what a variant holds, and if not, why."""

from collections.abc import Iterable
from functools import cache

from packaging.version import Version

from raydock.model.variant import Variant
from raydock.model.yamlfile import read
from raydock.plan.hardware import DATA, Hardware


def older(driver: str, other: str) -> bool:
    """Whether one driver, such as 535.104.05, is older than another."""
    return Version(driver) < Version(other)


def driver_objection(variant: Variant, needed: str, driver: str) -> str:
    """Why a driver does not run a variant that needs `needed` (drivers.yaml); empty where it does."""
    if not needed:
        return f"no driver is known for CUDA {variant.cuda}"
    return f"driver {driver} < {needed} needed by CUDA {variant.cuda}" if older(driver, needed) else ""


def gpu_objection(variant: Variant, built: tuple[int, ...], gpu: int) -> str:
    """Why a GPU (86 is compute capability 8.6) does not run a variant built for `built`; empty where it does."""
    if not built:
        return f"no sm list is known for torch {variant.torch} with CUDA {variant.cuda}"
    if code_for(built, gpu):
        return ""
    return f"sm_{gpu} not in torch {variant.torch}'s list {' '.join(map(str, built))}"


def code_for(built: Iterable[int], gpu: int) -> int | None:
    """The best of the sm numbers in `built` whose code a GPU runs; None where it runs none.

    Code compiled for X.y runs on X.z where z >= y, and on Tegra only where both are the same (NVIDIA, CUDA C++
    Programming Guide, binary compatibility). PTX, which a driver could compile for newer GPUs, is not counted: torch's
    lists name what its wheels hold as binaries.
    """
    return max((sm for sm in built if sm == gpu or _compatible(sm, gpu)), default=None)


def _compatible(sm: int, gpu: int) -> bool:
    return sm // 10 == gpu // 10 and sm < gpu and not tegra() & {sm, gpu}


@cache
def own_driver(cuda: str) -> str:
    """The driver that a CUDA toolkit came with; empty where the table does not know it."""
    return Hardware().toolkits.get(cuda, "")


@cache
def tegra() -> frozenset[int]:
    """The sm numbers of Tegra's GPUs."""
    keys = ("source", "date", "sm")
    return frozenset(int(number) for number in read(DATA / "tegra.yaml").items(keys, keys)["sm"].texts())
