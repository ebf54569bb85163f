"""The terms of the driver floor, evaluated as Kubernetes evaluates them."""

import pytest
from packaging.version import Version

from raydock.compat.hardware import Hardware
from raydock.deploy.kuberay.affinity import LABELS, PRODUCT, node_affinity
from raydock.deploy.kuberay.deployment import DriverAffinity, Yaml
from raydock.pick.forward import forward

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
FLOORS = [*Hardware().drivers.floors.values(), *Hardware().drivers.toolkits.values()]


def fits(affinity: Yaml, labels: dict[str, str]) -> bool:
    """Whether a node with these labels meets any term, as in Kubernetes' component-helpers, nodeaffinity."""
    node_affinity = affinity.get("nodeAffinity", {})
    if REQUIRED not in node_affinity:
        return True
    terms = node_affinity[REQUIRED]["nodeSelectorTerms"]
    return any(matches(term, labels) for term in terms)


def score(affinity: Yaml, labels: dict[str, str]) -> int:
    """Return the sum of the weights of the preferences that a node with these labels meets."""
    preferences = affinity.get("nodeAffinity", {}).get(PREFERRED, [])
    return sum(preferred["weight"] for preferred in preferences if matches(preferred["preference"], labels))


def matches(term: Yaml, labels: dict[str, str]) -> bool:
    return all(met(rule, labels) for rule in term["matchExpressions"])


def met(rule: Yaml, labels: dict[str, str]) -> bool:
    if rule["operator"] == "In":
        return labels.get(rule["key"]) in rule["values"]
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
def test_nodes_are_chosen_if_their_driver_is_new_enough(floor: str, names: tuple[str, ...]) -> None:
    required = node_affinity(floor, DriverAffinity.REQUIRED, None)
    chosen = {driver for driver in FLOORS if fits(required, node(driver, names))}
    assert chosen == {driver for driver in FLOORS if Version(driver) >= Version(floor)}
    preferred = node_affinity(floor, DriverAffinity.PREFERRED, None)
    assert {driver for driver in FLOORS if score(preferred, node(driver, names))} == chosen


@pytest.mark.parametrize(
    ("driver", "chosen"),
    [
        *[("580.65.05", False), ("580.65.06", True), ("580.65.6", True), ("580.64.99", False), ("580.66.01", True)],
        *[("581.0", True), ("579.99.99", False), ("580.65", False), ("580.82", True)],
    ],
)
def test_drivers_around_the_floor_of_cuda_13(driver: str, chosen: bool) -> None:
    assert fits(node_affinity("580.65.06", DriverAffinity.REQUIRED, None), node(driver, LABELS[0])) is chosen


@pytest.mark.parametrize(
    ("affinity", "chosen"),
    [(DriverAffinity.REQUIRED, False), (DriverAffinity.PREFERRED, True), (DriverAffinity.NONE, True)],
)
def test_a_node_without_labels(affinity: DriverAffinity, chosen: bool) -> None:
    made = node_affinity("580.65.06", affinity, None)
    for labels in ({}, {"cloud.google.com/gke-accelerator": "nvidia-l4"}, {"k8s.amazonaws.com/accelerator": "nvidia"}):
        assert fits(made, labels) is chosen
        assert score(made, labels) == 0


def test_all_new_enough_nodes_have_the_same_score() -> None:
    made = node_affinity("580.65.06", DriverAffinity.PREFERRED, None)
    for names in LABELS:
        assert {score(made, node(driver, names)) for driver in ("580.65.06", "580.66.0", "590.1.1")} == {100}


@pytest.mark.parametrize(
    ("product", "driver", "chosen"),
    [
        ("NVIDIA-A100-SXM4-80GB", "535.104.05", True),
        ("Tesla-T4", "570.133.20", True),
        ("NVIDIA-A100-SXM4-80GB", "560.35.03", False),  # a branch past its end of life
        ("NVIDIA-GeForce-RTX-4090", "535.104.05", False),
        ("NVIDIA-RTX-A6000", "570.133.20", False),
        ("NVIDIA-GeForce-RTX-4090", "580.65.06", True),  # needs no forward compatibility
    ],
)
@pytest.mark.parametrize("names", LABELS)
def test_forward_compatibility_accepts_data_centre_gpus_only(
    names: tuple[str, ...], product: str, driver: str, chosen: bool
) -> None:
    labels = node(driver, names) | {PRODUCT: product}
    assert fits(node_affinity("580.65.06", DriverAffinity.REQUIRED, forward("13.0")), labels) is chosen
    refused = not chosen or Version(driver) < Version("580")
    assert fits(node_affinity("580.65.06", DriverAffinity.REQUIRED, None), labels) is not refused
