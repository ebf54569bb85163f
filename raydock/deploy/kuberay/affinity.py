"""The driver floor as node affinity on the labels of GPU Feature Discovery, required or preferred.

NVIDIA, GPU Feature Discovery, generated labels: `nvidia.com/cuda.driver-version.major`, `.minor` and `.revision`;
deprecated, and all that releases before 0.16 write: `nvidia.com/cuda.driver.major`, `.minor` and `.rev`. Kubernetes
compares with `Gt` and `Lt` as integers, so that a revision of 06 is 6. Read 2026-11-25.

Required terms keep a cluster without these labels (GKE's and EKS's default) from ever starting a worker, and keep an
autoscaler from creating the first node of a group: the labels appear only after a node has started. Source:
kubernetes-sigs/karpenter issue 1219, kubernetes/autoscaler issue 5278, read 2026-11-29.
"""

from raydock.deploy.kuberay.deployment import DriverAffinity, Yaml
from raydock.pick.forward import Forward

LABELS = (
    tuple(f"nvidia.com/cuda.driver-version.{part}" for part in ("major", "minor", "revision")),
    tuple(f"nvidia.com/cuda.driver.{part}" for part in ("major", "minor", "rev")),
)
PRODUCT = "nvidia.com/gpu.product"
# Kubernetes weighs preferences from 1 to 100.
_WEIGHT = 100


def node_affinity(floor: str, affinity: DriverAffinity, forward: Forward | None) -> Yaml:
    """Node affinity for nodes whose driver is `floor`, such as 580.65.06, or newer; empty for DriverAffinity.NONE.

    With `forward`, nodes with the data-centre GPUs and driver branches of forward compatibility are accepted too.
    """
    terms = [*driver_at_least(floor), *(_forward_terms(forward) if forward else ())]
    if affinity is DriverAffinity.REQUIRED:
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    if affinity is DriverAffinity.PREFERRED:
        preferences = [{"weight": _WEIGHT, "preference": term} for term in terms]
        return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferences}}
    return {}


def driver_at_least(floor: str) -> list[Yaml]:
    """Terms for nodes whose driver is `floor` or newer.

    Terms are alternatives: a greater major version, or the same one and a greater minor one, and so on to at least the
    same revision; once for each generation of labels.
    """
    numbers = [int(part) for part in floor.split(".")]
    return [_term(labels, numbers, depth) for labels in LABELS for depth in range(len(numbers))]


def _forward_terms(forward: Forward) -> list[Yaml]:
    """A term for each generation of labels: one of the branches, and one of the GPUs by exact name."""
    branches = {"operator": "In", "values": [str(branch) for branch in forward.branches]}
    products = {"key": PRODUCT, "operator": "In", "values": [name.replace(" ", "-") for name in forward.products]}
    return [{"matchExpressions": [{"key": labels[0], **branches}, products]} for labels in LABELS]


def _term(labels: tuple[str, ...], numbers: list[int], depth: int) -> Yaml:
    """Equal numbers before `depth`, and a greater one there; at the last place an equal one counts too."""
    last = depth == len(numbers) - 1
    equal = [
        _compare(label, operator, bound)
        for label, number in zip(labels[:depth], numbers, strict=False)
        for operator, bound in (("Gt", number - 1), ("Lt", number + 1))
    ]
    return {"matchExpressions": [*equal, _compare(labels[depth], "Gt", numbers[depth] - last)]}


def _compare(label: str, operator: str, bound: int) -> Yaml:
    return {"key": label, "operator": operator, "values": [str(bound)]}
