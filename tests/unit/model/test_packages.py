"""Packages of all variants and of a group's own, in matrix.yaml."""

from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model.matrix import Matrix, load
from raydock.model.packages import Packages
from raydock.model.variant import Variant

MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases: {debian: {source: bootstrap, python: {"3.11": bookworm}}}
axes: {python: ["3.11"], ray: ["2.49.1", "2.60.0"]}
packages: {ray-extras: [default, serve], always: [pip]}
groups:
  new: {ray: "2.60.0"}
  GROUP
points:
  - {python: "3.11", ray: "2.9.0", groups: [old]}
"""


def read(tmp_path: Path, group: str, old: str = "old") -> Matrix:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX.replace("GROUP", group).replace("[old]", f"[{old}]"))
    return load(path)


def refusal(tmp_path: Path, group: str, old: str = "old") -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, group, old)
    return caught.value


def test_a_groups_extras_replace_those_of_all_and_its_packages_are_added(tmp_path: Path) -> None:
    matrix = read(tmp_path, "trees: {ray: 2.60*, packages: [XGBoost_cpu], ray-extras: [default, serve, train]}")
    own = Packages(ray_extras=("default", "serve", "train"), always=("pip",), added=("xgboost-cpu",))
    assert matrix.flavors == {"trees": own}
    assert own.ray == "ray[default,serve,train]"
    assert matrix.flavors["trees"].place == f"{tmp_path / 'matrix.yaml'}:8"
    assert matrix.groups == {"new": {"ray": "2.60.0"}, "trees": {"ray": "2.60*"}}
    plain = Variant(ray="2.60.0", python="3.11")
    trees = Variant(ray="2.60.0", python="3.11", flavor="trees")
    assert (matrix.packages_of(plain), matrix.packages_of(trees)) == (matrix.packages, own)
    assert [matrix.names(item) for item in (plain, trees)] == [True, True]


@pytest.mark.parametrize(
    "variant",
    [
        Variant(ray="2.49.1", python="3.11", flavor="trees"),
        Variant(ray="2.60.0", python="3.11", flavor="new"),
        Variant(ray="2.60.0", python="3.11", flavor="other"),
        Variant(ray="2.9.0", python="3.11", flavor="trees"),
    ],
    ids=str,
)
def test_the_matrix_has_the_flavors_only_of_variants_that_their_group_selects(tmp_path: Path, variant: Variant) -> None:
    assert not read(tmp_path, 'trees: {ray: "2.60.0", packages: [xgboost-cpu]}').names(variant)


def test_packages_that_are_not_for_kuberay(tmp_path: Path) -> None:
    assert not read(tmp_path, "bare: {ray-extras: [], kuberay: false}").flavors["bare"].kuberay
    assert read(tmp_path, "trees: {packages: [a]}").flavors["trees"].kuberay


@pytest.mark.parametrize(
    ("group", "message", "todo"),
    [
        ("trees: {packges: [a]}", "has no key 'packges'", "'packages'"),
        ("trees: {packages: [a], ray: 2.61.0}", "'2.61.0' is not a value of the axis ray", "'2.60.0'"),
        ("trees: {packages: [a b]}", "'a b' is not allowed", "a package's or an extra's name"),
        ("trees: {packages: [a, torch]}", "'torch' is an axis, not a package to add", "`torch:`"),
        ("trees: {packages: [a, a]}", "has 'a' twice", "remove one"),
        ("trees: {packages: [a], kuberay: no}", "'no' is not allowed", "false, true"),
        ("trees: {ray-extras: [serve, default]}", "the same packages under other names", "`packages`"),
        ("trees: {kuberay: false}", "the same packages under other names", "`packages`"),
        ("Trees: {packages: [a]}", "its variants' names end with it", "small letters"),
        ("my-trees: {packages: [a]}", "its variants' names end with it", "small letters"),
        ("arm64: {packages: [a]}", "its variants' names end with it", "small letters"),
    ],
)
def test_refused_with_the_line(tmp_path: Path, group: str, message: str, todo: str) -> None:
    error = refusal(tmp_path, group)
    assert error.what.startswith(f"{tmp_path / 'matrix.yaml'}:8: ")
    assert message in error.what
    assert todo in error.todo


def test_a_point_is_in_no_group_that_has_packages_of_its_own(tmp_path: Path) -> None:
    error = refusal(tmp_path, "trees: {packages: [a]}", old="old, trees")
    assert ":10: the group 'trees' has packages of its own" in error.what
