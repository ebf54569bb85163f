import pytest
from packaging.version import Version

from raydock.compat.gpucode import code_for
from raydock.compat.hardware import Hardware
from raydock.compat.wheels import cuda_pin, requirement_of
from raydock.model.facts import Facts
from raydock.model.gpubuild import GpuBuild, Versions
from raydock.model.variant import Axis, Variant


@pytest.mark.parametrize(
    ("cuda", "driver"),
    [("cpu", ""), ("11.8", "450.80.02"), ("12.8", "525.60.13"), ("13.0", "580.65.06"), ("13.2", "580.65.06")],
)
def test_min_driver_is_that_of_the_major_version(cuda: str, driver: str) -> None:
    assert Hardware().min_driver(Variant(ray="2.60.0", python="3.11", torch="2.13.0", cuda=cuda)) == driver


def test_no_toolkit_came_with_a_driver_older_than_its_floor() -> None:
    tables = Hardware()
    assert tables.drivers.toolkits
    for cuda, driver in tables.drivers.toolkits.items():
        assert Version(driver) >= Version(tables.drivers.floors[cuda.split(".")[0]])


@pytest.mark.parametrize(
    ("torch", "cuda", "first", "last"),
    [
        ("2.0.1", "11.7", 37, 86),
        ("2.3.1", "11.8", 37, 90),
        ("2.4.1", "12.1", 50, 90),
        ("2.8.0", "12.8", 70, 120),
        ("2.10.0", "12.8", 70, 120),
        ("2.13.0", "13.0", 75, 120),
    ],
)
def test_sm_of_torch(torch: str, cuda: str, first: int, last: int) -> None:
    sm = Hardware().sm(point(torch=torch, cuda=cuda))
    assert (sm[0], sm[-1]) == (first, last)
    assert sorted(sm) == list(sm)


@pytest.mark.parametrize(
    ("torch", "vllm", "cuda"),
    [
        ("none", "none", "cpu"),
        ("2.13.0", "none", "cpu"),
        ("2.13.0", "none", "12.8"),
        ("9.0.0", "none", "13.0"),
        ("2.13.0", "9.0.0", "13.0"),
        ("2.3.1", "0.5.3", "11.8"),
    ],
)
def test_an_unknown_build_has_no_sm(torch: str, vllm: str, cuda: str) -> None:
    assert Hardware().sm(point(torch=torch, vllm=vllm, cuda=cuda)) == ()


def test_no_vllm_of_the_facts_has_code_for_a_gpu_below_volta(facts: Facts) -> None:
    for version in facts.versions["vllm"]:
        sm = Hardware().sm(pinned(facts, version))
        assert sm, version
        assert min(sm) >= (80 if version == "0.4.0" else 75 if Version(version) >= Version("0.20") else 70), version


def pinned(facts: Facts, vllm: str) -> Variant:
    """A vllm with the torch and the CUDA that it pins."""
    release = facts.releases["vllm", vllm]
    found = (requirement_of(release, "torch", Variant(ray="", python=python)) for python in ("3.11", "3.9"))
    torch = next(iter(next(item for item in found if item).specifier)).version
    pin = cuda_pin(facts.releases["torch", torch], Variant(ray="", python="3.11"))
    assert pin, torch
    return point(torch=torch, vllm=vllm, cuda=pin[0])


@pytest.mark.parametrize(
    ("torch", "vllm", "cuda", "gpu", "runs"),
    [
        ("2.1.2", "none", "12.1", 60, True),  # P100
        ("2.1.2", "0.3.0", "12.1", 60, False),
        ("2.1.2", "0.3.0", "12.1", 61, False),  # P40
        ("2.1.2", "0.3.0", "12.1", 70, True),  # V100
        ("2.1.2", "0.4.0", "12.1", 70, False),
        ("2.1.2", "0.4.0.post1", "12.1", 70, True),
        ("2.7.0", "0.9.0", "12.6", 60, False),
        ("2.8.0", "0.10.2", "12.8", 86, True),  # vllm's code for 8.0
        ("2.8.0", "0.10.2", "12.8", 89, True),  # L4: torch's code for 8.6, vllm's for 8.9
        ("2.8.0", "0.10.2", "12.8", 121, True),
        ("2.13.0", "0.32.0", "13.0", 70, False),
        ("2.13.0", "0.32.0", "13.0", 75, True),
    ],
)
def test_torch_and_vllm_must_both_have_code(torch: str, vllm: str, cuda: str, gpu: int, runs: bool) -> None:
    assert bool(code_for(Hardware().sm(point(torch=torch, vllm=vllm, cuda=cuda)), gpu)) is runs


@pytest.mark.parametrize(
    ("torch", "vllm", "common"),
    [
        ("80", "86", (86,)),
        ("86", "80", (86,)),
        ("80 90", "86 89 90", (86, 90)),
        ("75 87", "75 80 87", (75, 87)),  # Tegra's 8.7 runs no other code, and nothing else runs its own
        ("70", "75", (75,)),
        ("60", "70", ()),
    ],
)
def test_the_list_names_each_gpu_that_both_run(torch: str, vllm: str, common: tuple[int, ...]) -> None:
    lists = {Axis.TORCH: torch, Axis.VLLM: vllm}
    stated = tuple(stating(axis, *map(int, words.split())) for axis, words in lists.items())
    sm = Hardware(stated).sm(point(torch="1", vllm="1", cuda="12.8"))
    assert sm == common
    for gpu in (60, 70, 72, 75, 80, 86, 87, 89, 90, 100, 103, 120):
        both = all(code_for(build.sm, gpu) for build in stated)
        assert bool(code_for(sm, gpu)) is both, gpu


def stating(project: Axis, *sm: int) -> GpuBuild:
    capabilities, versions = tuple(map(str, sm)), Versions("1")
    if project is Axis.TORCH:
        return GpuBuild(torch=versions, cuda="12.8", capabilities=capabilities)
    return GpuBuild(vllm=versions, cuda="12.8", capabilities=capabilities)


def test_what_matrix_yaml_states_comes_first() -> None:
    own = GpuBuild(torch=Versions("2.8.0"), cuda="12.8", capabilities=("60",))
    assert Hardware((own,)).sm(point(torch="2.8.0", cuda="12.8")) == (60,)
    assert Hardware((own,)).sm(point(torch="2.9.0", cuda="12.8"))[0] == 70


def point(*, torch: str = "none", vllm: str = "none", cuda: str) -> Variant:
    return Variant(ray="2.60.0", python="3.11", torch=torch, vllm=vllm, cuda=cuda)
