"""Facts about a host from the name of its GPU (data/gpus.yaml)."""

from collections.abc import Iterable

from raydock.core.models import Dated
from raydock.core.yamlfile import shipped
from raydock.model.pattern import matches


class Names(Dated, frozen=True, kw_only=True):
    """The content of gpus.yaml.

    Attributes:
        data_centre: patterns of the names of data-centre GPUs.
        products: full names of data-centre GPUs for node labels, which Kubernetes compares as a whole.
        arm: patterns of the names of GPUs that share a board with an Arm CPU.
        branches: the driver branches to which a cuda-compat package can be added.
    """

    data_centre: tuple[str, ...]
    products: tuple[str, ...]
    arm: tuple[str, ...]
    branches: frozenset[int]

    def is_data_centre(self, name: str) -> bool:
        """Whether CUDA's forward compatibility is valid on a GPU of that name."""
        return _any(self.data_centre, name)

    def is_on_arm(self, name: str) -> bool:
        """Whether a GPU of that name shares a board with an Arm CPU."""
        return _any(self.arm, name)


def known() -> Names:
    """The names that raydock ships."""
    return shipped("compat/data/gpus.yaml", Names)


def _any(patterns: Iterable[str], name: str) -> bool:
    # In MIG mode a container's nvidia-smi adds the slice: NVIDIA A100-SXM4-40GB MIG 1g.5gb.
    return any(matches(pattern, name.partition(" MIG ")[0]) for pattern in patterns)
