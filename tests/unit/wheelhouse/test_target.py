import pytest

from raydock.core.errors import ConfigurationError
from raydock.wheelhouse.target import Target, agreed, cuda
from tests.unit.wheelhouse.conftest import MakeFolder

HOST = Target(python="3.11", glibc="2.35", python_source="as requested")


def test_the_target_is_the_python_of_most_wheels(make_folder: MakeFolder) -> None:
    analysis = make_folder(
        {
            "a-1-cp310-cp310-manylinux1_x86_64": (),
            "b-1-cp310-cp310-manylinux1_x86_64": (),
            "c-1-cp311-cp311-manylinux1_x86_64": (),
            "d-1-cp38-abi3-manylinux1_x86_64": (),
            "e-1-py3-none-any": (),
        },
        python="",
    )
    assert analysis.target.python == "3.10"
    assert analysis.target.python_source == "2 of the 3 wheels made for one Python"


def test_of_two_pythons_with_equally_many_wheels_the_newer_counts(make_folder: MakeFolder) -> None:
    names = [f"{name}-1-{tag}-{tag}-manylinux1_x86_64" for name, tag in (("a", "cp39"), ("b", "cp310"))]
    assert make_folder(dict.fromkeys(names, ()), python="").target.python == "3.10"


def test_without_a_python_in_the_tags_an_option_is_required(make_folder: MakeFolder) -> None:
    analysis = make_folder({"a-1-py3-none-any": (), "b-1-cp38-abi3-manylinux1_x86_64": ()})
    with pytest.raises(ConfigurationError) as caught:
        agreed(analysis.folder.wheels)
    assert "--python" in caught.value.todo


@pytest.mark.parametrize(
    ("tags", "platform"),
    [
        ("cp310-cp310-manylinux2014_x86_64", "cp310-cp310, not Python 3.11"),
        ("py2-none-any", "py2-none, not Python 3.11"),
        ("cp311-cp311-manylinux_2_39_x86_64", "glibc 2.39 or newer, not 2.35"),
        ("cp311-cp311-macosx_11_0_arm64", "macosx_11_0_arm64, not Linux on x86_64 with glibc"),
        ("cp311-cp311-manylinux2014_aarch64", "manylinux2014_aarch64, not Linux on x86_64 with glibc"),
        ("cp311-cp311-musllinux_1_2_x86_64", "musllinux_1_2_x86_64, not Linux on x86_64 with glibc"),
        ("cp311-cp311-win_amd64", "win_amd64, not Linux on x86_64 with glibc"),
    ],
)
def test_a_misfit_names_its_platform(make_folder: MakeFolder, tags: str, platform: str) -> None:
    (wheel,) = make_folder({f"a-1-{tags}": ()}).folder.wheels
    assert not HOST.fits(wheel.filename)
    assert HOST.misfit(wheel) == platform


@pytest.mark.parametrize(
    "tags",
    ["py3-none-any", "cp38-abi3-manylinux1_x86_64", "cp311-cp311-manylinux_2_35_x86_64", "cp311-cp311-linux_x86_64"],
)
def test_wheels_that_fit(tags: str) -> None:
    assert HOST.fits(f"a-1-{tags}.whl")


def test_the_cuda_of_a_folder(make_folder: MakeFolder) -> None:
    analysis = make_folder(
        {
            "torch-2.1.2-py3-none-any": ("nvidia-cuda-runtime-cu12==12.1.105",),
            "cupy_cuda11x-13.0-py3-none-any": (),
        }
    )
    wheels = analysis.folder.wheels
    assert cuda(wheels, analysis.target.point) == "12.1"
    assert cuda([wheel for wheel in wheels if wheel.project != "torch"], analysis.target.point) == "11.0"
    assert cuda([], analysis.target.point) == "cpu"
