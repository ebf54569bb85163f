from importlib.metadata import version

from raydock.probe.image import Image
from raydock.probe.packages import differences, import_names, installed


def test_equal_sets_have_no_differences() -> None:
    assert differences({"ray": "2.60.0", "click": "8.1"}, {"click": "8.1", "ray": "2.60.0"}) == []


def test_missing_added_and_changed_packages_are_differences() -> None:
    locked = {"ray": "2.60.0", "click": "8.1", "gone": "1"}
    present = {"ray": "2.59.0", "click": "8.1", "extra": "2"}
    assert differences(locked, present) == [
        "gone 1 is locked but not installed",
        "extra 2 is installed but not locked",
        "ray is 2.59.0, locked 2.60.0",
    ]


def test_installed_is_this_environment_by_canonical_name() -> None:
    found = installed()
    assert found["pytest"] == version("pytest")
    assert all(name == name.lower() and "_" not in name and "." not in name for name in found)


def test_imports_are_the_packages_in_the_variants_name() -> None:
    axes = {"ray": "2.60.0", "torch": "none", "vllm": "none", "cuda": "cpu"}
    assert "torch" not in import_names(Image("x", axes, {}))
    full = import_names(Image("x", {**axes, "torch": "2.13.0", "vllm": "0.32.0"}, {}))
    assert {"ray", "ray.serve", "torch", "vllm"} <= set(full)
