"""CUDA 11.8 from an extra index: facts, plan, lock, and what installs from the lock."""

import re
from dataclasses import replace
from hashlib import sha256

import pytest

from raydock.core.errors import VariantError
from raydock.model.lock import Lock
from tests.support.extraindex import NEW, OLD, PYTHON, Setting
from tests.support.index import Site


def hashes(lock: Lock, name: str) -> set[str]:
    return set(re.findall(r"--hash=sha256:(\w+)", lock.pins[name].text))


def digest(site: Site, filename: str) -> str:
    return sha256(site.files[filename]).hexdigest()


def test_facts_name_the_index_and_keep_its_password(setting: Setting) -> None:
    build = setting.rule_inputs.facts.releases["torch", "2.3.1+cu118"]
    assert build.source == "package index cu118"
    assert build.requires_dist == ("nvidia-cuda-runtime-cu11==11.8.89", "filelock")
    assert {version for project, version in setting.rule_inputs.facts.releases if project == "torch"} == {
        "2.3.1",
        "2.3.1+cu118",
    }


def test_each_cuda_has_its_torch_and_vllm_the_default_indexs_alone(setting: Setting) -> None:
    tag = PYTHON.replace(".", "")
    assert [item.name for item in setting.plan.variants] == [
        f"ray2.60.0-py{tag}-cpu",
        f"ray2.60.0-torch2.3.1-py{tag}-cu118",
        f"ray2.60.0-torch2.3.1-py{tag}-cu121",
        f"ray2.60.0-vllm0.5.0-torch2.3.1-py{tag}-cu121",
    ]
    old = setting.plan.variants[1]
    assert (old.min_driver, old.sm) == ("450.80.02", (37, 50, 60, 70, 75, 80, 86, 90))
    (vllm,) = (item for item in setting.plan.excluded if item.variant == replace(OLD, vllm="0.5.0"))
    assert (vllm.verdict.rule, vllm.nearest) == ("vllm-cuda", f"ray2.60.0-vllm0.5.0-torch2.3.1-py{tag}-cu121")
    assert vllm.verdict.reason == "vllm 0.5.0 is built for CUDA 12.1, as the torch 2.3.1 of its index"


def test_the_lock_has_the_hashes_of_both_indexes(setting: Setting) -> None:
    lock = setting.lock(OLD)
    assert {name: pin.version for name, pin in lock.pins.items()} == {
        "click": "8.1",
        "filelock": "3.0",
        "nvidia-cuda-runtime-cu11": "11.8.89",
        "ray": "2.60.0",
        "setuptools": "80.9.0",
        "torch": "2.3.1+cu118",
    }
    assert hashes(lock, "torch") == {digest(setting.extra, "torch-2.3.1+cu118-py3-none-any.whl")}
    name = "filelock-3.0-py3-none-any.whl"
    assert hashes(lock, "filelock") == {digest(setting.default, name), digest(setting.extra, name)}
    assert hashes(lock, "ray") == {digest(setting.default, "ray-2.60.0-py3-none-any.whl")}


def test_it_installs_whichever_index_serves(setting: Setting) -> None:
    lock, indexes = setting.lock(OLD), setting.rule_inputs.matrix.indexes_of(OLD)
    both = setting.install(lock, indexes)
    assert (both / "torch-2.3.1+cu118.dist-info").is_dir()
    swapped = setting.install(lock, (setting.index.address.url,), default=indexes[0])
    assert {(folder / "filelock" / "__init__.py").read_bytes() for folder in (both, swapped)} == {
        b"",
        b"HERE = 'extra'\n",
    }


def test_the_lock_of_a_different_cuda_uses_only_the_default_index(setting: Setting) -> None:
    lock = setting.lock(NEW)
    assert lock.version("torch") == "2.3.1"
    assert hashes(lock, "filelock") == {digest(setting.default, "filelock-3.0-py3-none-any.whl")}
    assert setting.rule_inputs.matrix.indexes_of(NEW) == ()
    target = setting.install(lock, ())
    assert (target / "torch-2.3.1.dist-info").is_dir()


def test_the_cutoff_applies_to_both_indexes(setting: Setting) -> None:
    for site in (setting.default, setting.extra):
        site.publish("filelock", "4.0")
        site.pages["filelock"][-1]["upload-time"] = "2026-11-16T00:00:00Z"
    assert setting.lock(OLD).version("filelock") == "3.0"


def test_an_extra_index_without_upload_times_is_taken_as_it_is(setting: Setting) -> None:
    for files in setting.extra.pages.values():
        for file in files:
            del file["upload-time"]
    setting.default.publish("click", "9.0")
    setting.default.pages["click"][-1]["upload-time"] = "2026-11-16T00:00:00Z"
    lock = setting.lock(OLD)
    assert (lock.version("torch"), lock.version("click")) == ("2.3.1+cu118", "8.1")


@pytest.mark.parametrize("extra", [Site()], ids=["empty"])
def test_an_extra_index_without_torch_adds_no_build(setting: Setting) -> None:
    assert {item.variant.cuda for item in setting.plan.variants} == {"cpu", "12.1"}
    (torch,) = (item for item in setting.plan.excluded if item.variant == OLD)
    assert torch.verdict.reason == "torch 2.3.1 is built for CUDA 12.1"


def test_a_build_that_was_not_requested_is_refused(setting: Setting) -> None:
    """A default index that has every CUDA's build: to a resolver each of them is 2.3.1, and newer."""
    setting.default.publish("torch", "2.3.1+cu118", ["nvidia-cuda-runtime-cu11==11.8.89", "filelock"])
    with pytest.raises(VariantError, match=r"torch 2\.3\.1\+cu118 is a different build than 2\.3\.1"):
        setting.lock(NEW)
