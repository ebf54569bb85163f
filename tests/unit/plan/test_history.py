"""The results of the rules for every release in the committed facts, compared with tables from release notes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from packaging.version import Version

from raydock.compat.hardware import Hardware
from raydock.compat.wheels import cuda_pin, lowest_glibc, requirement_of
from raydock.model.facts import Facts
from raydock.model.variant import Variant

T = TypeVar("T")

# The first release of each line, with what holds from there on up to the next one.
TORCH_CUDA = {"2.1": "12.1", "2.5": "12.4", "2.7": "12.6", "2.8": "12.8", "2.11": "13.0", "2.15": "13.2"}
VLLM_TORCH = {
    "0.3": "2.1.2",
    "0.4.1": "2.2.1",
    "0.4.2": "2.3.0",
    "0.5.2": "2.3.1",
    "0.5.4": "2.4.0",
    "0.6.0": "2.4.0",
    "0.6.4": "2.5.1",
    "0.8": "2.6.0",
    "0.9": "2.7.0",
    "0.10.0": "2.7.1",
    "0.10.2": "2.8.0",
    "0.11.1": "2.9.0",
    "0.14": "2.9.1",
    "0.17": "2.10.0",
    "0.20": "2.11.0",
    "0.27": "2.13.0",
    "0.33": "2.14.0",
}
VLLM_GLIBC = {"0.3": (2, 5), "0.12": (2, 31), "0.20": (2, 35), "0.21": (2, 24), "0.22": (2, 28)}


POINT = Variant(ray="2.60.0", python="3.11")


def since(table: Mapping[str, T], version: str) -> T:
    """The entry of a table of first releases that applies to a version."""
    return table[max((first for first in table if Version(first) <= Version(version)), key=Version)]


def test_cuda_and_sm_of_every_torch(facts: Facts) -> None:
    assert len(facts.versions["torch"]) > 20
    for version in facts.versions["torch"]:
        pin = cuda_pin(facts.releases["torch", version], POINT)
        assert pin is not None
        assert pin[0] == since(TORCH_CUDA, version), version
        assert bool(Hardware().sm(replace(POINT, torch=version, cuda=pin[0]))) is (
            Version(version) < Version("2.16")
        ), version


def test_torch_of_every_vllm(facts: Facts) -> None:
    assert len(facts.versions["vllm"]) > 50
    for version in facts.versions["vllm"]:
        requirement = requirement_of(facts.releases["vllm", version], "torch", POINT)
        assert requirement is not None
        assert str(requirement.specifier) == f"=={since(VLLM_TORCH, version)}", version


def test_glibc_of_every_vllm(facts: Facts) -> None:
    for version in facts.versions["vllm"]:
        lowest = lowest_glibc(facts.releases["vllm", version], "3.11", "amd64")
        assert lowest == since(VLLM_GLIBC, version), version
