"""The rules on years of real releases, where a folder of recorded facts lies beside the checkout."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
from packaging.version import Version

from raydock.model.facts import Release, Wheel
from raydock.model.variant import Variant
from raydock.plan.hardware import Hardware
from raydock.plan.wheels import cuda_pin, lowest_glibc, requirement_of

T = TypeVar("T")

RECORDED = Path(__file__).parents[4] / "shared" / "facts"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="no recorded facts lie beside this checkout")

# The first release of each line, with what holds from there on up to the next one.
TORCH_CUDA = {"2.0": "11.7", "2.1": "12.1", "2.5": "12.4", "2.7": "12.6", "2.8": "12.8", "2.11": "13.0", "2.15": "13.2"}
VLLM_TORCH = {
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


def since(table: Mapping[str, T], version: str) -> T | None:
    """What a table of first releases says of a version."""
    older = [first for first in table if Version(first) <= Version(version)]
    return table[max(older, key=Version)] if older else None


def recorded(project: str) -> Iterator[dict[str, Any]]:
    yield from json.loads((RECORDED / f"{project}.json").read_text())


def release(project: str, version: str, requires: list[str], files: list[str]) -> Release:
    wheels = tuple(Wheel(filename=name, size=1, sha256="") for name in files if name.endswith(".whl"))
    return Release(
        project=project,
        version=version,
        requires_python="",
        requires_dist=tuple(requires),
        wheels=wheels,
        uploaded="",
        source="recorded facts",
        read="2026-11-22",
    )


def test_cuda_of_every_torch() -> None:
    releases = [item for item in recorded("torch") if item["arch"] == "x86_64"]
    assert len(releases) > 20
    for item in releases:
        pin = cuda_pin(release("torch", item["ver"], item["deps"], []), Variant(ray="2.60.0", python="3.11"))
        assert pin is not None
        assert pin[0] == since(TORCH_CUDA, item["ver"]), item["ver"]


def test_sm_of_every_torch_but_the_newest() -> None:
    for item in recorded("torch"):
        if item["arch"] == "x86_64":
            known = Hardware().sm(item["ver"], since(TORCH_CUDA, item["ver"]) or "")
            assert bool(known) is (Version(item["ver"]) < Version("2.15")), item["ver"]


def test_torch_of_every_vllm() -> None:
    checked = 0
    for item in recorded("vllm"):
        torch = since(VLLM_TORCH, item["v"])
        if torch and not Version(item["v"]).is_prerelease:
            requirement = requirement_of(
                release("vllm", item["v"], item["rd"], []), "torch", Variant(ray="2.60.0", python="3.11")
            )
            assert requirement is not None
            assert torch in requirement.specifier, item["v"]
            checked += 1
    assert checked > 50


def test_glibc_of_every_vllm() -> None:
    for item in recorded("vllm"):
        names = [name for name, *_ in item["files"]]
        lowest = lowest_glibc(release("vllm", item["v"], [], names), "3.11", "amd64")
        assert lowest == since(VLLM_GLIBC, item["v"]), item["v"]
