"""The oldest accepted driver as node affinity on GPU Feature Discovery's labels.

The labels are `nvidia.com/cuda.driver-version.major`, `.minor` and `.revision`. Releases before 0.16 write only the
deprecated labels `nvidia.com/cuda.driver.major`, `.minor` and `.rev`. Kubernetes compares with `Gt` and `Lt` as
integers, so a revision of 06 is 6. Source: NVIDIA, GPU Feature Discovery, generated labels, read 2026-11-25.

With required terms, a cluster without these labels (the default on GKE and EKS) never starts a worker, and an
autoscaler never creates the first node of a group: the labels appear only after a node has started. Source:
kubernetes-sigs/karpenter issue 1219, kubernetes/autoscaler issue 5278, read 2026-11-29.
"""

from raydock.deploy.kuberay.deployment import DriverAffinity, Yaml
from raydock.pick.forward import Forward

LABELS = (
    tuple(f"nvidia.com/cuda.driver-version.{part}" for part in ("major", "minor", "revision")),
    tuple(f"nvidia.com/cuda.driver.{part}" for part in ("major", "minor", "rev")),
)
PRODUCT = "nvidia.com/gpu.product"
# Weights of preferences are 1 to 100.
_WEIGHT = 100


def node_affinity(floor: str, affinity: DriverAffinity, forward: Forward | None) -> Yaml:
    """Return node affinity for nodes with a new enough driver.

    It is empty for DriverAffinity.NONE.

    floor: the oldest driver, such as 580.65.06.
    forward: if set, nodes with the data-centre GPUs and driver branches of forward compatibility are accepted too.
    """
    terms = [*driver_at_least(floor), *(_forward_terms(forward) if forward else ())]
    if affinity is DriverAffinity.REQUIRED:
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    if affinity is DriverAffinity.PREFERRED:
        preferences = [{"weight": _WEIGHT, "preference": term} for term in terms]
        return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferences}}
    return {}


def driver_at_least(floor: str) -> list[Yaml]:
    """Return terms for nodes whose driver is `floor` or newer.

    Terms are alternatives: a greater major version, or the same major and a greater minor version, and so on, down to
    a revision that is equal or greater. Each generation of labels has its own terms.
    """
    numbers = [int(part) for part in floor.split(".")]
    return [_term(labels, numbers, depth) for labels in LABELS for depth in range(len(numbers))]


def _forward_terms(forward: Forward) -> list[Yaml]:
    """Return a term for each generation of labels.

    A node has one of the driver branches, and one of the GPUs by exact name.
    """
    branches = {"operator": "In", "values": [str(branch) for branch in forward.branches]}
    products = {"key": PRODUCT, "operator": "In", "values": [name.replace(" ", "-") for name in forward.products]}
    return [{"matchExpressions": [{"key": labels[0], **branches}, products]} for labels in LABELS]


def _term(labels: tuple[str, ...], numbers: list[int], depth: int) -> Yaml:
    """Return a term that compares the numbers of a driver version up to `depth`.

    Numbers before `depth` are equal. The number at `depth` is greater, or equal if it is the last.
    """
    last = depth == len(numbers) - 1
    equal = [
        _compare(label, operator, bound)
        for label, number in zip(labels[:depth], numbers, strict=False)
        for operator, bound in (("Gt", number - 1), ("Lt", number + 1))
    ]
    return {"matchExpressions": [*equal, _compare(labels[depth], "Gt", numbers[depth] - last)]}


def _compare(label: str, operator: str, bound: int) -> Yaml:
    return {"key": label, "operator": operator, "values": [str(bound)]}
