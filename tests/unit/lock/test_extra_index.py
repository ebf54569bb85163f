"""CUDA 11.8 from an extra index: facts, plan, lock, and what installs from the lock."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
import uv

from raydock.build.secrets import Secrets
from raydock.errors import VariantError
from raydock.lock.artifacts import Pages
from raydock.lock.history import survey
from raydock.lock.index import Index
from raydock.lock.locker import Locker
from raydock.lock.resolver import PipTools, Resolver, Uv
from raydock.model import lock as locks
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.lock import Lock
from raydock.model.variant import Variant
from raydock.paths import Checkout
from raydock.plan import planner
from raydock.plan.planner import Plan
from raydock.plan.rules import Ground
from tests.support.index import Site, serving

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TODAY = date(2026, 11, 22)
MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases: {{debian: {{source: bootstrap, python: {{"{python}": bookworm}}}}}}
indexes: {{cu118: "{extra}"}}
axes:
  python: ["{python}"]
  cuda: [cpu, "11.8", "12.1"]
  torch: [none, "2.3.1"]
  vllm: [none, "0.5.0"]
  ray: ["2.60.0"]
packages: {{ray-extras: [], always: [filelock]}}
"""
OLD = Variant(ray="2.60.0", python=PYTHON, cuda="11.8", torch="2.3.1")
NEW = replace(OLD, cuda="12.1")


def default_site() -> Site:
    site = Site()
    site.publish("ray", "2.60.0", ["click"])
    site.publish("vllm", "0.5.0", ["torch==2.3.1"])
    site.publish("torch", "2.3.1", ["nvidia-cuda-runtime-cu12==12.1.105", "filelock"])
    for project, version in {
        "nvidia-cuda-runtime-cu11": "11.8.89",
        "nvidia-cuda-runtime-cu12": "12.1.105",
        "click": "8.1",
        "filelock": "3.0",
        "setuptools": "80.9.0",
    }.items():
        site.publish(project, version)
    return site


def extra_site() -> Site:
    """An index for CUDA 11.8: its torch, another CUDA's, and a file of its own under a name of the default's."""
    site = Site()
    site.publish("torch", "2.3.1+cu118", ["nvidia-cuda-runtime-cu11==11.8.89", "filelock"])
    site.publish("torch", "2.3.1+cu121", ["nvidia-cuda-runtime-cu12==12.1.105", "filelock"])
    site.publish("filelock", "3.0", files={"filelock/__init__.py": b"HERE = 'extra'\n"})
    return site


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A matrix with an extra index, both indexes, and where to put things."""

    folder: Path
    default: Site
    extra: Site
    index: Index
    ground: Ground

    @property
    def plan(self) -> Plan:
        return planner.make(self.ground.matrix, self.ground.facts, TODAY)

    def lock(self, variant: Variant, kind: type[Uv] | type[PipTools] = Uv) -> Lock:
        resolver: Resolver = kind(index=self.index)
        checkout = Checkout(self.folder)
        with Pages((self.index,)) as pages:
            siblings = tuple(item.variant for item in self.plan.variants)
            locker = Locker(ground=self.ground, checkout=checkout, siblings=siblings, resolver=resolver, pages=pages)
            (outcome,) = locker.lock([variant], 1)
        if outcome.error:
            raise outcome.error
        return locks.load(checkout.lock(variant.name))

    def install(self, lock: Lock, indexes: tuple[str, ...], default: str = "") -> Path:
        """Installs a lock as an image's layers are, with the configuration that a build has; returns the folder."""
        (self.folder / "lock.txt").write_text(lock.text)
        (self.folder / "uv.toml").write_text(Secrets(default=default or self.index.endpoint).beside(indexes).uv)
        target = self.folder / f"target{len(list(self.folder.glob('target*')))}"
        command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--config-file", str(self.folder / "uv.toml")]
        command += ["--python", sys.executable, "--target", str(target), "--no-deps", "--require-hashes"]
        command += ["--no-cache", "--only-binary", ":all:", "-r", str(self.folder / "lock.txt")]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return target


@pytest.fixture
def extra() -> Site:
    return extra_site()


@pytest.fixture
def setting(tmp_path: Path, extra: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    for tool in ("UV", "PIP", "PIP_TOOLS"):
        monkeypatch.setenv(f"{tool}_CACHE_DIR", str(tmp_path / f"{tool}-cache"))
    default = default_site()
    with serving(default) as default_url, serving(extra) as extra_url:
        path, index = tmp_path / "matrix.yaml", Index(endpoint=default_url, timeout=10)
        path.write_text(MATRIX.format(python=PYTHON, extra=extra_url.replace("://", "://user:secret@")))
        matrix = matrix_file.load(path)
        ground = Ground(matrix, survey(matrix, index).refresh(Facts({}), TODAY, lambda _: None))
        yield Setting(folder=tmp_path, default=default, extra=extra, index=index, ground=ground)


def hashes(lock: Lock, name: str) -> set[str]:
    return set(re.findall(r"--hash=sha256:(\w+)", lock.pins[name].text))


def digest(site: Site, filename: str) -> str:
    return sha256(site.files[filename]).hexdigest()


def test_facts_name_the_index_and_keep_its_password(setting: Setting) -> None:
    build = setting.ground.facts.releases["torch", "2.3.1+cu118"]
    assert build.source == "package index cu118"
    assert build.requires_dist == ("nvidia-cuda-runtime-cu11==11.8.89", "filelock")
    assert {version for project, version in setting.ground.facts.releases if project == "torch"} == {
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
    assert (vllm.rule, vllm.nearest) == ("vllm-cuda", f"ray2.60.0-vllm0.5.0-torch2.3.1-py{tag}-cu121")
    assert vllm.reason == "vllm 0.5.0 is built for CUDA 12.1, as the torch 2.3.1 of its index"


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
    lock, indexes = setting.lock(OLD), setting.ground.matrix.indexes_of(OLD)
    both = setting.install(lock, indexes)
    assert (both / "torch-2.3.1+cu118.dist-info").is_dir()
    swapped = setting.install(lock, (setting.index.endpoint,), default=indexes[0])
    assert {(folder / "filelock" / "__init__.py").read_bytes() for folder in (both, swapped)} == {
        b"",
        b"HERE = 'extra'\n",
    }


def test_another_cudas_lock_knows_only_the_default_index(setting: Setting) -> None:
    lock = setting.lock(NEW)
    assert lock.version("torch") == "2.3.1"
    assert hashes(lock, "filelock") == {digest(setting.default, "filelock-3.0-py3-none-any.whl")}
    assert setting.ground.matrix.indexes_of(NEW) == ()
    target = setting.install(lock, ())
    assert (target / "torch-2.3.1.dist-info").is_dir()


def test_pip_tools_makes_the_same_lock(setting: Setting) -> None:
    by_uv = setting.lock(OLD)
    Checkout(setting.folder).lock(OLD.name).unlink()
    assert setting.lock(OLD, PipTools).pins == by_uv.pins


def test_the_cutoff_holds_on_both_indexes(setting: Setting) -> None:
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
    assert torch.reason == "torch 2.3.1 is built for CUDA 12.1"


def test_a_build_that_was_not_asked_for_is_no_answer(setting: Setting) -> None:
    """A default index that has every CUDA's build: to a resolver each of them is 2.3.1, and newer."""
    setting.default.publish("torch", "2.3.1+cu118", ["nvidia-cuda-runtime-cu11==11.8.89", "filelock"])
    with pytest.raises(VariantError, match=r"torch 2\.3\.1\+cu118 is another build than 2\.3\.1"):
        setting.lock(NEW)
