"""CUDA 11.8 from an extra index: a matrix with it, both indexes, and functions that lock and install from them."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
import uv

from raydock.builder.secrets import Secrets
from raydock.core.checkout import Checkout
from raydock.index import addresses
from raydock.index.addresses import Address
from raydock.index.client import Index
from raydock.index.pages import Pages
from raydock.index.releases import survey
from raydock.lock.locker import Locker
from raydock.lock.resolver import PipTools, Resolver, Uv
from raydock.model import lock as locks
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.lock import Lock
from raydock.model.variant import Variant
from raydock.plan import planner
from raydock.plan.planner import Plan
from raydock.plan.rules.verdict import RuleInputs
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
    """Return an index for CUDA 11.8: its torch, that of a different CUDA, and its own build of a default package."""
    site = Site()
    site.publish("torch", "2.3.1+cu118", ["nvidia-cuda-runtime-cu11==11.8.89", "filelock"])
    site.publish("torch", "2.3.1+cu121", ["nvidia-cuda-runtime-cu12==12.1.105", "filelock"])
    site.publish("filelock", "3.0", files={"filelock/__init__.py": b"HERE = 'extra'\n"})
    return site


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A matrix with an extra index.

    Attributes:
        folder: the folder for locks and installed packages.
        default: the default index.
        extra: the extra index.
        index: the client of the default index.
        rule_inputs: the matrix and the facts.
    """

    folder: Path
    default: Site
    extra: Site
    index: Index
    rule_inputs: RuleInputs

    @property
    def plan(self) -> Plan:
        return planner.make(self.rule_inputs.matrix, self.rule_inputs.facts, TODAY)

    def lock(self, variant: Variant, kind: type[Uv] | type[PipTools] = Uv) -> Lock:
        checkout = Checkout(self.folder)
        with Pages(self.index) as pages:
            resolver: Resolver = kind(pages=pages)
            siblings = tuple(planned.variant for planned in self.plan.variants)
            locker = Locker(rule_inputs=self.rule_inputs, checkout=checkout, siblings=siblings, resolver=resolver)
            (outcome,) = locker.lock([variant], 1)
        if outcome.error:
            raise outcome.error
        return locks.load(checkout.lock(variant.name))

    def install(self, lock: Lock, indexes: tuple[str, ...], default: str = "") -> Path:
        """Install a lock with the uv configuration of a build, and return the folder."""
        (self.folder / "lock.txt").write_text(lock.text)
        own = addresses.default({"UV_DEFAULT_INDEX": default or self.index.address.url})
        extra = tuple(addresses.for_cuda("cu118", url, {}) for url in indexes)
        (self.folder / "uv.toml").write_text(Secrets(default=own).with_indexes(extra).uv)
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
def setting(tmp_path: Path, extra: Site, own_caches: None) -> Iterator[Setting]:
    default = default_site()
    with serving(default) as default_url, serving(extra) as extra_url:
        path, index = tmp_path / "matrix.yaml", Index(address=Address(url=default_url), timeout=10)
        path.write_text(MATRIX.format(python=PYTHON, extra=extra_url.replace("://", "://user:secret@")))
        matrix = matrix_file.load(path)
        rule_inputs = RuleInputs(matrix, survey(matrix, index).refresh(Facts({}), TODAY, lambda _: None))
        yield Setting(folder=tmp_path, default=default, extra=extra, index=index, rule_inputs=rule_inputs)
