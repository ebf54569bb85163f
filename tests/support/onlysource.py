"""A package of which an index has only a source file, and functions that lock it."""

import base64
import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from raydock.compat import sdists
from raydock.compat.sdists import Sdist
from raydock.core.checkout import Checkout
from raydock.core.yamlfile import load
from raydock.index.addresses import Address
from raydock.index.client import Index
from raydock.lock.locker import Locker
from raydock.lock.resolver import Resolver
from raydock.model import lock as locks
from raydock.model.lock import Lock
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs
from tests.support.index import Site, serving
from tests.support.wheels import wheel

VARIANT = Variant(ray="2.60.0", python="3.11")
FILE = "only-source-1.1.tar.gz"
DATA = """\
- when: {{ray: ">=2"}}
  name: only-source
  version: "1.1"
  sha256: {sha256}
  requires: []
  build: [maker<9]
  reason: no wheel of it exists
  source: a test
  date: 2026-11-25
"""
PROJECT = b"""\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# Creates a file when it is run.
BACKEND = """\
import base64, pathlib
pathlib.Path({trace!r}).touch()
def build_wheel(folder, *_):
    name = "only_source-1.1-py3-none-any.whl"
    pathlib.Path(folder, name).write_bytes(base64.b64decode({made!r}))
    return name
"""


def sdist(trace: Path) -> bytes:
    """Return a source file with its own build backend."""
    backend = BACKEND.format(trace=str(trace), made=base64.b64encode(wheel("only_source", "1.1")).decode())
    info = b"Metadata-Version: 1.1\nName: only-source\nVersion: 1.1\n"
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for name, content in {"PKG-INFO": info, "pyproject.toml": PROJECT, "backend.py": backend.encode()}.items():
            member = tarfile.TarInfo(f"only-source-1.1/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return body.getvalue()


@pytest.fixture
def site(tmp_path: Path, own_caches: None, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An index whose ray needs a package that has only a source file, and raydock data with that package."""
    offered, body = Site(), sdist(tmp_path / "trace")
    offered.publish("ray", "2.60.0", ["only-source"])
    offered.publish("virtualenv", "20.1")
    offered.publish("maker", "8.0")
    offered.publish("maker", "9.0")
    offered.add("only-source", FILE, body)
    data = tmp_path / "sdists.yaml"
    data.write_text(DATA.format(sha256=sha256(body).hexdigest()))
    own = {sdist.name: sdist for sdist in load(data, tuple[Sdist, ...])}
    monkeypatch.setattr(sdists, "known", lambda: own)
    return offered


@pytest.fixture
def index(site: Site) -> Iterator[Index]:
    with serving(site) as endpoint:
        yield Index(address=Address(url=endpoint), timeout=10)


def locked(resolver: Resolver, rule_inputs: RuleInputs, checkout: Checkout, variant: Variant = VARIANT) -> Lock:
    with resolver.pages:
        locker = Locker(rule_inputs=rule_inputs, checkout=checkout, siblings=(variant,), resolver=resolver)
        (outcome,) = locker.lock([variant], 1)
    if outcome.error:
        raise outcome.error
    return locks.load(checkout.lock(variant.name))


@pytest.fixture
def plain(rule_inputs: RuleInputs) -> RuleInputs:
    return replace(
        rule_inputs, matrix=replace(rule_inputs.matrix, packages=replace(rule_inputs.matrix.packages, ray_extras=()))
    )
