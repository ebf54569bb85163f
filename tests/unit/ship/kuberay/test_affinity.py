"""The driver floor's terms, judged as Kubernetes judges them."""

import pytest
from packaging.version import Version

from raydock.plan.hardware import Hardware
from raydock.ship.kuberay.affinity import LABELS, driver_at_least
from raydock.ship.kuberay.deployment import Yaml

FLOORS = [*Hardware().floors.values(), *Hardware().toolkits.values()]


def fits(affinity: Yaml, labels: dict[str, str]) -> bool:
    """Whether a node with these labels is chosen (Kubernetes, component-helpers, nodeaffinity): any term, all of it."""
    required = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return any(all(met(rule, labels) for rule in term["matchExpressions"]) for term in required["nodeSelectorTerms"])


def met(rule: Yaml, labels: dict[str, str]) -> bool:
    [bound] = rule["values"]
    value = labels.get(rule["key"], "")
    if not value.isdigit():  # Go's ParseInt fails, and the rule is not met
        return False
    return int(value) > int(bound) if rule["operator"] == "Gt" else int(value) < int(bound)


def node(driver: str, names: tuple[str, ...]) -> dict[str, str]:
    parts = [*driver.split("."), "", ""]
    return dict(zip(names, parts, strict=False))


@pytest.mark.parametrize("names", LABELS)
@pytest.mark.parametrize("floor", FLOORS)
def test_nodes_are_chosen_if_their_drivers_are_not_older(floor: str, names: tuple[str, ...]) -> None:
    chosen = {driver for driver in FLOORS if fits(driver_at_least(floor), node(driver, names))}
    assert chosen == {driver for driver in FLOORS if Version(driver) >= Version(floor)}


@pytest.mark.parametrize(
    ("driver", "chosen"),
    [
        *[("580.65.05", False), ("580.65.06", True), ("580.65.6", True), ("580.64.99", False), ("580.66.01", True)],
        *[("581.0", True), ("579.99.99", False), ("580.65", False), ("580.82", True)],
    ],
)
def test_drivers_around_the_floor_of_cuda_13(driver: str, chosen: bool) -> None:
    assert fits(driver_at_least("580.65.06"), node(driver, LABELS[0])) is chosen


def test_a_node_without_labels_is_not_chosen() -> None:
    assert not fits(driver_at_least("580.65.06"), {})
