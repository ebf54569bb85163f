"""A pod on an engine: limits, security contexts, and probe results by threshold."""

import pytest

from tests.support.kuberay.kubelet import Answer, Probing
from tests.support.kuberay.limits import Machine, limited, secured
from tests.support.kuberay.node import names
from tests.support.kuberay.objects import Container, Probe, Security

MACHINE = Machine(cpus=2, memory=24 * 2**30)
PROBE = Probe(command=("true",), initial_delay=0, timeout=1, period=1, success_threshold=1, failure_threshold=3)


def test_limits_are_reduced_to_those_of_the_machine() -> None:
    fits = Container(name="a", image="i", cpu_limit=0.2, cpu_request=0.2, memory_limit=256 * 2**20)
    large = Container(name="b", image="i", cpu_limit=16, cpu_request=16, memory_limit=128 * 2**30)
    memory = 256 * 2**20
    assert limited(fits, MACHINE) == {
        "nano_cpus": 200_000_000,
        "cpu_shares": 204,
        "mem_limit": memory,
        "memswap_limit": memory,
    }
    cut = limited(large, MACHINE)
    assert (cut["nano_cpus"], cut["mem_limit"], cut["memswap_limit"]) == (2 * 10**9, MACHINE.memory, MACHINE.memory)
    assert limited(Container(name="c", image="i"), MACHINE) == {}


@pytest.mark.parametrize(("user", "why"), [("root", "non-numeric"), ("0:0", "run as root"), ("0", "run as root")])
def test_a_root_image_is_refused_if_the_pod_must_not_be_root(user: str, why: str) -> None:
    container = Container(name="a", image="i", security=Security(must_not_be_root=True))
    with pytest.raises(AssertionError, match=why):
        secured(container, user)
    assert secured(container, "1000")["user"] == "1000"


def test_a_security_context_becomes_options_of_the_engine() -> None:
    context = Security(user=1000710000, group=0, extra_group=7, may_gain=False, read_only_root=True, dropped=("ALL",))
    assert secured(Container(name="a", image="i", security=context), "1000") == {
        "user": "1000710000:0",
        "group_add": ["7"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "read_only": True,
    }


@pytest.mark.parametrize(
    ("answers", "before", "after"),
    [("", False, False), ("f", True, True), ("ff", True, True), ("fff", True, False), ("ffft", False, True)],
)
def test_a_verdict_changes_at_its_threshold(answers: str, before: bool, after: bool) -> None:
    given = [Answer(passed=letter == "t", at=0, seconds=0, detail="") for letter in answers]
    probing = Probing(container="a", kind="readiness", probe=PROBE, answers=given)
    assert probing.verdict(before) is after


def test_a_service_has_the_names_of_its_namespace() -> None:
    assert names("head-svc", "ml") == ["head-svc", "head-svc.ml", "head-svc.ml.svc", "head-svc.ml.svc.cluster.local"]
