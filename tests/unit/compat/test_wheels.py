import pytest

from raydock.compat.wheels import compatible_wheels, cuda_pin, glibc, lowest_glibc, requirement_of
from raydock.model.facts import Facts, ProjectRelease, Wheel
from raydock.model.variant import Variant


def release(*names: str, requires: tuple[str, ...] = ()) -> ProjectRelease:
    return ProjectRelease(
        project="some",
        version="1.0",
        requires_python="",
        requires_dist=requires,
        wheels=tuple(Wheel(filename=name, size=1, sha256="") for name in names),
        uploaded="2026-01-01",
        source="a test",
        read="2026-01-01",
    )


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        ("cp311-cp311-manylinux2014_x86_64", True),
        ("cp312-cp312-manylinux2014_x86_64", False),
        ("cp38-abi3-manylinux1_x86_64", True),
        ("cp312-abi3-manylinux1_x86_64", False),
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("py3-none-manylinux_2_28_x86_64", True),
        ("py2-none-any", False),
        ("cp311-cp311-manylinux2014_aarch64", False),
        ("cp311-cp311-musllinux_1_2_x86_64", False),
        ("cp311-cp311t-manylinux2014_x86_64", False),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", True),
    ],
)
def test_compatible_wheels(tags: str, fits: bool) -> None:
    assert bool(compatible_wheels(release(f"some-1.0-{tags}.whl"), "3.11", "amd64")) is fits


@pytest.mark.parametrize(
    ("platform", "needs"),
    [
        ("any", (0, 0)),
        ("manylinux1_x86_64", (2, 5)),
        ("manylinux2010_x86_64", (2, 12)),
        ("manylinux2014_x86_64", (2, 17)),
        ("manylinux_2_28_x86_64", (2, 28)),
        ("manylinux_2_35_x86_64.manylinux_2_31_x86_64", (2, 31)),
        ("manylinux2014_aarch64.manylinux_2_28_x86_64", (2, 28)),
    ],
)
def test_glibc_by_platform_tag(platform: str, needs: tuple[int, int]) -> None:
    wheel = Wheel(filename=f"some-1.0-cp311-cp311-{platform}.whl", size=1, sha256="")
    assert glibc(wheel, "amd64") == needs


def test_lowest_glibc_is_that_of_the_compatible_wheels() -> None:
    some = release(
        "some-1.0-cp311-cp311-manylinux_2_35_x86_64.whl",
        "some-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "some-1.0-cp312-cp312-manylinux1_x86_64.whl",
    )
    assert lowest_glibc(some, "3.11", "amd64") == (2, 28)
    assert lowest_glibc(some, "3.13", "amd64") is None


@pytest.mark.parametrize(
    ("requirement", "cuda"),
    [
        ("nvidia-cuda-runtime-cu11==11.7.99; platform_system == 'Linux'", "11.7"),
        ("nvidia-cuda-runtime-cu12 (==12.1.105) ; platform_system == 'Linux' and platform_machine == 'x86_64'", "12.1"),
        ("nvidia_cuda_runtime==13.0.48", "13.0"),
        ("cuda-toolkit[cublas]==13.0.*", "13.0"),
        ("cuda-toolkit>=13.0", None),
        ("nvidia-cuda-runtime-cu12==12.8.90; platform_machine == 'aarch64'", None),
        ("nvidia-cuda-runtime-cu12==12.8.90; extra == 'cuda'", None),
        ("nvidia-cublas-cu12==12.8.4.1", None),
    ],
)
def test_cuda_pin(requirement: str, cuda: str | None) -> None:
    pin = cuda_pin(release(requires=(requirement,)), Variant(ray="2.60.0", python="3.11"))
    assert (pin and pin[0]) == cuda


@pytest.mark.parametrize(("python", "found"), [("3.11", "numba==0.61.2"), ("3.9", "numba==0.60.0"), ("3.14", None)])
def test_markers_are_evaluated_for_the_variants_python(python: str, found: str | None) -> None:
    some = release(
        requires=(
            "numba==0.60.0; python_version == '3.9'",
            "numba==0.61.2; python_version > '3.9' and python_full_version < '3.14'",
        )
    )
    requirement = requirement_of(some, "numba", Variant(ray="2.60.0", python=python))
    assert (requirement and f"{requirement.name}{requirement.specifier}") == found


@pytest.mark.parametrize(
    ("project", "version", "needs"),
    [
        ("ray", "2.49.1", (2, 17)),
        ("ray", "2.60.0", (2, 17)),
        ("torch", "2.8.0", (2, 28)),
        ("torch", "2.13.0", (2, 28)),
        ("vllm", "0.10.2", (2, 5)),
        ("vllm", "0.32.0", (2, 28)),
    ],
)
def test_real_wheels(facts: Facts, project: str, version: str, needs: tuple[int, int]) -> None:
    assert lowest_glibc(facts.releases[project, version], "3.11", "amd64") == needs
