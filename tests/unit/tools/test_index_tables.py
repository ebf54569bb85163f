"""Refreshers that read the package index, with a small index."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from raydock.compat import breakages
from raydock.compat.breakages import Breakage
from raydock.compat.cuda_packages import cuda_names
from raydock.compat.sdists import Sdist
from raydock.compat.when import When
from raydock.index.client import Index, from_environment
from raydock.model import lock as locks
from raydock.model.requirement import RequirementLine, requirement
from raydock.model.variant import Axis
from tests.support.index import Site, serving
from tests.unit.tools.conftest import Put
from tools import (
    refresh_breakages,
    refresh_cuda_names,
    refresh_no_wheels,
    refresh_releases,
    refresh_sdists,
    refresh_toolchain,
)

BEGIN = date(2026, 1, 1)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def index(site: Site) -> Iterator[Index]:
    with serving(site) as address:
        yield from_environment({"UV_DEFAULT_INDEX": address})


HEAD = "source: files\ndate: 2026-11-29\n\n"
NO_WHEELS = f"{HEAD}names: [gpustat, vllm-nccl-cu12]\n"


def test_no_wheels_gains_and_loses_names(site: Site, index: Index, put: Put) -> None:
    put(refresh_no_wheels.TABLE, NO_WHEELS)
    site.publish("gpustat", "2.0")
    site.add("vllm-nccl-cu12", "vllm-nccl-cu12-1.tar.gz")
    site.add("only-source", "only-source-1.tar.gz")
    site.publish("usual", "1.0")
    proposal = refresh_no_wheels.propose(index, {"only-source", "usual", "absent"})
    assert proposal.text == NO_WHEELS.replace("[gpustat, vllm-nccl-cu12]", "[only-source, vllm-nccl-cu12]")


def test_no_wheels_is_unchanged_if_the_index_agrees(site: Site, index: Index, put: Put) -> None:
    put(refresh_no_wheels.TABLE, NO_WHEELS)
    for name in ("gpustat", "vllm-nccl-cu12"):
        site.add(name, f"{name}-1.tar.gz")
    assert refresh_no_wheels.propose(index, {"absent"}).text == NO_WHEELS


def test_an_sdist_with_a_wheel_a_change_and_a_newer_release(site: Site, index: Index) -> None:
    entry = Sdist(
        when={},
        name="quantile",
        version="1.1",
        sha256="5586",
        requires=(),
        build=("setuptools",),
        reason="",
        source="",
        date=BEGIN,
    )
    site.add(entry.name, f"{entry.name}-{entry.version}.tar.gz", b"", hashes={"sha256": entry.sha256})
    assert refresh_sdists.propose(index, [entry]).open == ()
    site.pages.clear()
    site.add(entry.name, f"{entry.name}-{entry.version}.tar.gz", b"changed")
    site.publish(entry.name, "1.2")
    wheel, changed, newer = refresh_sdists.propose(index, [entry]).open
    assert "has a wheel" in wheel
    assert "no longer in the package index" in changed
    assert "1.2 is newer than 1.1" in newer


def test_the_oldest_releases_are_listed_with_their_age(
    site: Site, index: Index, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    put(refresh_releases.TABLE, f'{HEAD}oldest:\n  ray: "2.9"\n  torch: "2.1"\n  vllm: "0.3"\n')
    for project, versions in {"ray": ("2.8.1", "2.9.3", "2.60.0"), "torch": ("2.1.0",), "vllm": ("0.4.0",)}.items():
        for version in versions:
            site.publish(project, version)
    assert refresh_releases.propose(index).open == ("the package index has no vllm 0.3: its oldest release is 0.4.0.",)
    assert "ray 2.9.3 of 2026-11-04, " in capsys.readouterr().out


def breakage(when: When, *constraints: str, until: date = BEGIN + timedelta(3650)) -> Breakage:
    return Breakage(
        rule="a-rule",
        when=when,
        constraints=tuple(map(RequirementLine, constraints)),
        requirements=(),
        reason="",
        source="",
        since=BEGIN,
        until=until,
    )


def bounds(text: str) -> When:
    """Return `{ray: <2, ...}` for `ray<2`."""
    return {Axis(requirement(text).name): requirement(text).specifier}


def test_a_breakage_of_the_newest_release_must_be_reviewed(site: Site, index: Index) -> None:
    for version in ("2.56.0", "2.60.0"):
        site.publish("ray", version)
    site.publish("protobuf", "7.1")
    fixed = breakage(bounds("ray<2.57"), "protobuf<7")
    assert refresh_breakages.propose(index, (fixed,)).open == ()
    (line,) = refresh_breakages.propose(index, (breakage(bounds("ray>=2.57"), "protobuf<7"),)).open
    assert line.startswith("a-rule (ray >=2.57): ray 2.60.0 is the newest release and in its range")


def test_a_constraint_that_excludes_nothing_must_be_reviewed(site: Site, index: Index) -> None:
    site.publish("ray", "2.60.0")
    site.publish("click", "8.4.0")
    entry = breakage(bounds("ray<2.52"), "click!=8.3.*")
    assert "`click!=8.3.*` excludes no release" in "".join(refresh_breakages.propose(index, (entry,)).open)
    site.publish("click", "8.3.1")
    assert refresh_breakages.propose(index, (entry,)).open == ()


def test_a_breakage_that_is_due_soon_must_be_reviewed(index: Index) -> None:
    (line,) = refresh_breakages.propose(index, (breakage(bounds("cuda>=12"), until=BEGIN),)).open
    assert line.endswith("it is due on 2026-01-01: check whether it is still true.")


def test_the_committed_breakages_can_be_listed(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    refresh_breakages.propose(index, breakages.known())
    assert len(capsys.readouterr().out.splitlines()) == len(breakages.known())


LOCK = """\
torch==2.13.0 --hash=sha256:1
    # via
    #   kernels
    #   -r requirements.in
    #   torchvision
    #   transformers
kernels==1.0 --hash=sha256:1
torchvision==0.28.0 --hash=sha256:1
transformers==5.0 --hash=sha256:1
cuda-tile==1.7.0 --hash=sha256:1
nvidia-cuda-runtime==13.0.96 --hash=sha256:1
"""


def test_packages_that_pin_one_torch_are_found(site: Site, index: Index, put: Put) -> None:
    put(refresh_cuda_names.TABLE, "with-torch: [torchvision]\n")
    site.publish("kernels", "1.0", ["torch==2.13.0"])
    site.publish("transformers", "5.0", ["torch>=2"])
    pins = {name: [pin] for name, pin in locks.parse(LOCK).pins.items()}
    proposal = refresh_cuda_names.propose(index, pins)
    assert proposal.text == f"with-torch: [{', '.join((*cuda_names().with_torch, 'kernels'))}]\n"
    assert proposal.open == ()


@pytest.mark.parametrize("pin", ["cuda-solver==13.1", "solver-12cu12==1.0", "cu13solver==0.1"])
def test_names_of_cuda_packages_that_match_no_pattern(index: Index, pin: str) -> None:
    pins = {name: [pin] for name, pin in locks.parse(f"{LOCK}{pin} --hash=sha256:1\n").pins.items()}
    (line,) = refresh_cuda_names.propose(index, pins).open
    assert line == f"{pin.replace('==', ' ')} seems to be for one CUDA and matches no pattern."


def toolchain(site: Site, *leave_out: str) -> None:
    """Publish the compiler of CUDA 13.5."""
    names = ("nvidia-cuda-nvcc", "nvidia-cuda-crt", "nvidia-nvvm", "nvidia-cuda-cccl", "nvidia-cuda-runtime")
    for name in names:
        if name not in leave_out:
            files = {"nvidia/cu13/bin/nvcc": b"", "nvidia/cu13/bin/ptxas": b""} if name.endswith("nvcc") else None
            site.publish(name, "13.5.37", ["nvidia-nvvm"] if name.endswith("nvcc") else (), files)
    site.publish("ninja", "1.13")


def test_the_toolchain_of_each_cuda_is_complete(site: Site, index: Index) -> None:
    toolchain(site)
    assert refresh_toolchain.propose(index).open == ()


def test_a_missing_toolchain_package_is_listed(site: Site, index: Index) -> None:
    toolchain(site, "nvidia-cuda-crt")
    assert refresh_toolchain.propose(index).open == ("CUDA 13.5: no release meets `nvidia-cuda-crt==13.5.*`.",)


def test_an_nvcc_with_a_new_requirement_and_an_empty_wheel(site: Site, index: Index) -> None:
    toolchain(site)
    site.publish("nvidia-cuda-nvcc", "13.6.1", ["nvidia-new"])
    assert refresh_toolchain.propose(index).open == (
        "nvidia-cuda-nvcc 13.6.1 requires `nvidia-new`, which the table does not name.",
        "the wheel of nvidia-cuda-nvcc 13.6.1 does not contain bin/nvcc.",
    )
