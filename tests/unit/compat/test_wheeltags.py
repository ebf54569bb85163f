"""The wheels that a CPython on Linux can install, by their tags."""

import pytest

from raydock.compat.wheeltags import Platform, manylinux, needed_glibc

ORDER = [
    "a-1-cp311-cp311-manylinux_2_35_x86_64.whl",
    "a-1-cp311-cp311-manylinux_2_28_x86_64.whl",
    "a-1-2-cp311-cp311-manylinux2014_x86_64.whl",
    "a-1-1-cp311-cp311-manylinux2014_x86_64.whl",
    "a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_5_x86_64.whl",
    "a-1-cp311-abi3-manylinux1_x86_64.whl",
    "a-1-cp39-abi3-manylinux_2_28_x86_64.whl",
    "a-1-py3-none-manylinux_2_28_x86_64.whl",
    "a-1-cp311-none-any.whl",
    "a-1-py3-none-any.whl",
    "a-1-py2.py3-none-any.whl",
]


def test_the_best_wheel_comes_first() -> None:
    platform = Platform("3.11", "amd64", "2.36")
    assert sorted(ORDER[:-1], key=lambda name: platform.rank(name) or (999, 0)) == ORDER[:-1]
    assert platform.rank(ORDER[-1]) == platform.rank(ORDER[-2])


@pytest.mark.parametrize(
    "name",
    [
        "a-1-cp312-cp312-manylinux_2_28_x86_64.whl",
        "a-1-cp311-cp311-manylinux_2_39_x86_64.whl",
        "a-1-cp311-cp311-manylinux_2_28_aarch64.whl",
        "a-1-cp311-cp311-musllinux_1_2_x86_64.whl",
        "a-1-cp311-cp311t-manylinux_2_28_x86_64.whl",
        "a-1-cp312-abi3-manylinux_2_28_x86_64.whl",
        "a-1-cp311-cp311-win_amd64.whl",
        "a-1-cp311-cp311-linux_x86_64.whl",
        "a-1-py2-none-any.whl",
    ],
)
def test_a_wheel_for_a_different_platform_is_not_installable(name: str) -> None:
    assert Platform("3.11", "amd64", "2.36").rank(name) is None


@pytest.mark.parametrize(
    ("tag", "glibc"),
    [
        ("any", (0, 0)),
        ("manylinux1_x86_64", (2, 5)),
        ("manylinux2010_x86_64", (2, 12)),
        ("manylinux2014_x86_64", (2, 17)),
        ("manylinux_2_28_x86_64", (2, 28)),
        ("manylinux2099_x86_64", None),
        ("manylinux_2_28_aarch64", None),
        ("musllinux_1_2_x86_64", None),
        ("linux_x86_64", None),
        ("win_amd64", None),
    ],
)
def test_the_glibc_that_a_platform_tag_needs(tag: str, glibc: tuple[int, int] | None) -> None:
    assert needed_glibc(tag, "amd64") == glibc


def test_a_tag_is_written_as_it_is_read() -> None:
    assert needed_glibc(manylinux((2, 31), "amd64"), "amd64") == (2, 31)
