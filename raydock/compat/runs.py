"""Whether a driver and a GPU run a variant, and if not, why."""

from packaging.version import Version

from raydock.compat.gpucode import code_for
from raydock.compat.hardware import Hardware
from raydock.model.variant import NONE, Variant


def older(driver: str, other: str) -> bool:
    """Whether a driver, such as 535.104.05, is older than a different one."""
    return Version(driver) < Version(other)


def driver_objection(variant: Variant, needed: str, driver: str) -> str:
    """Why a driver does not run a variant; empty if it does.

    needed: the oldest driver that runs it (drivers.yaml); empty if it is unknown.
    """
    if not needed:
        return f"no driver is known for CUDA {variant.cuda}"
    return f"driver {driver} < {needed} needed by CUDA {variant.cuda}" if older(driver, needed) else ""


def gpu_objection(variant: Variant, built: tuple[int, ...], gpu: int) -> str:
    """Why a GPU (86 is compute capability 8.6) does not run a variant; empty if it does.

    built: the GPUs that the variant has code for. If they are unknown (gpu_doubt), only a GPU that the CUDA toolkit or
        vllm's build cannot compile for is refused.
    """
    if not built:
        return _build_objection(variant, gpu)
    if code_for(built, gpu):
        return ""
    return f"sm_{gpu} not in {list_owner(variant)} {' '.join(map(str, built))}"


def gpu_doubt(variant: Variant, built: tuple[int, ...]) -> str:
    """Why it is unknown which GPUs run a variant; empty if it is known, and for cpu."""
    if built or not variant.gpu:
        return ""
    parts = f"torch {variant.torch}" + (f" or vllm {variant.vllm}" if variant.vllm != NONE else "")
    return f"it is unknown for which GPUs {parts} for CUDA {variant.cuda} was built: `gpus` in matrix.yaml can state it"


def gpus_text(variant: Variant, built: tuple[int, ...]) -> str:
    """The GPUs that a variant has code for, for tables."""
    return " ".join(map(str, built)) or ("unknown" if variant.gpu else "-")


def gpus_in_json(variant: Variant, built: tuple[int, ...]) -> list[int] | None:
    """The GPUs that a variant has code for: empty for cpu, None if unknown."""
    return None if variant.gpu and not built else list(built)


def list_owner(variant: Variant) -> str:
    """The packages that decide a variant's list of sm numbers, for messages."""
    torch = f"torch {variant.torch}'s"
    return f"{torch} list" if variant.vllm == NONE else f"{torch} and vllm {variant.vllm}'s common list"


def _build_objection(variant: Variant, gpu: int) -> str:
    """Why no build of a variant can have code for a GPU; empty if one can."""
    tables = Hardware()
    compilable = tables.compilable(variant.cuda)
    if compilable and not code_for(compilable, gpu):
        return f"sm_{gpu} not among the GPUs that CUDA {variant.cuda} compiles for"
    if variant.vllm != NONE and gpu < tables.gpus.vllm_from:
        return f"sm_{gpu} older than sm_{tables.gpus.vllm_from}, the oldest that vllm compiles for"
    return ""


def own_driver(cuda: str) -> str:
    """The driver that a CUDA toolkit came with; empty if the table does not list it."""
    return Hardware().drivers.toolkits.get(cuda, "")
