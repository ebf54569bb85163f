"""The driver floor as node affinity on the labels of GPU Feature Discovery.

NVIDIA, GPU Feature Discovery, generated labels: `nvidia.com/cuda.driver-version.major`, `.minor` and `.revision`;
deprecated, and all that releases before 0.16 write: `nvidia.com/cuda.driver.major`, `.minor` and `.rev`. Kubernetes
compares with `Gt` and `Lt` as integers, so that a revision of 06 is 6. Read 2026-11-25.
"""

from raydock.ship.kuberay.deployment import Yaml

LABELS = (
    tuple(f"nvidia.com/cuda.driver-version.{part}" for part in ("major", "minor", "revision")),
    tuple(f"nvidia.com/cuda.driver.{part}" for part in ("major", "minor", "rev")),
)


def driver_at_least(floor: str) -> Yaml:
    """Node affinity for nodes whose driver is `floor`, such as 580.65.06, or newer.

    Terms are alternatives: a greater major version, or the same one and a greater minor one, and so on to at least the
    same revision; once for each generation of labels.
    """
    numbers = [int(part) for part in floor.split(".")]
    terms = [_term(labels, numbers, depth) for labels in LABELS for depth in range(len(numbers))]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def _term(labels: tuple[str, ...], numbers: list[int], depth: int) -> Yaml:
    """Equal numbers before `depth`, and a greater one there; at the last place an equal one will do."""
    last = depth == len(numbers) - 1
    equal = [
        _compare(label, operator, bound)
        for label, number in zip(labels[:depth], numbers, strict=False)
        for operator, bound in (("Gt", number - 1), ("Lt", number + 1))
    ]
    return {"matchExpressions": [*equal, _compare(labels[depth], "Gt", numbers[depth] - last)]}


def _compare(label: str, operator: str, bound: int) -> Yaml:
    return {"key": label, "operator": operator, "values": [str(bound)]}
