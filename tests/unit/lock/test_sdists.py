"""A package without any wheel: locked without running it, and installed from its lock by hash."""

import base64
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import uv

from raydock.build.layers import layers
from raydock.errors import ConfigurationError, VariantError
from raydock.lock import sdists
from raydock.lock.artifacts import Pages
from raydock.lock.index import Index
from raydock.lock.locker import Locker
from raydock.lock.resolver import PipTools, Resolver, Uv
from raydock.model import lock as locks
from raydock.model.lock import Lock
from raydock.model.variant import Variant
from raydock.paths import Checkout
from raydock.plan.rules import Ground
from tests.support.index import Site, serving
from tests.support.wheels import wheel

VARIANT = Variant(ray="2.60.0", python=f"{sys.version_info.major}.{sys.version_info.minor}")
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
# Leaves a trace wherever it is run.
BACKEND = """\
import base64, pathlib
pathlib.Path({trace!r}).touch()
def build_wheel(folder, *_):
    name = "only_source-1.1-py3-none-any.whl"
    pathlib.Path(folder, name).write_bytes(base64.b64decode({made!r}))
    return name
"""


def sdist(trace: Path) -> bytes:
    """A source file that builds itself."""
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
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """What an index offers, ray needing a package that has a source file alone; and raydock's data that names it."""
    for tool in ("UV", "PIP", "PIP_TOOLS"):
        monkeypatch.setenv(f"{tool}_CACHE_DIR", str(tmp_path / f"{tool}-cache"))
    found, body = Site(), sdist(tmp_path / "trace")
    found.publish("ray", "2.60.0", ["only-source"])
    found.publish("virtualenv", "20.1")
    found.publish("maker", "8.0")
    found.publish("maker", "9.0")
    found.add("only-source", FILE, body)
    data = tmp_path / "sdists.yaml"
    data.write_text(DATA.format(sha256=sha256(body).hexdigest()))
    monkeypatch.setattr(sdists, "known", lambda: sdists.load(data))
    return found


@pytest.fixture
def index(site: Site) -> Iterator[Index]:
    with serving(site) as endpoint:
        yield Index(endpoint=endpoint, timeout=10)


def locked(resolver: Resolver, ground: Ground, checkout: Checkout) -> Lock:
    with Pages((resolver.index,)) as pages:
        locker = Locker(ground=ground, checkout=checkout, siblings=(VARIANT,), resolver=resolver, pages=pages)
        (outcome,) = locker.lock([VARIANT], 1)
    if outcome.error:
        raise outcome.error
    return locks.load(checkout.lock(VARIANT.name))


@pytest.fixture
def plain(ground: Ground) -> Ground:
    return replace(ground, matrix=replace(ground.matrix, packages=replace(ground.matrix.packages, ray_extras=())))


def test_it_is_locked_by_the_hash_of_its_source_and_not_run(
    plain: Ground, checkout: Checkout, index: Index, site: Site, tmp_path: Path
) -> None:
    lock = locked(Uv(index=index), plain, checkout)
    maker = sha256(site.files["maker-8.0-py3-none-any.whl"]).hexdigest()
    assert lock.pins["only-source"].text == (
        "only-source==1.1 \\\n"
        f"    --hash=sha256:{sha256(site.files[FILE]).hexdigest()}\n"
        "--no-binary only-source\n"
        f"    # built with maker==8.0 --hash=sha256:{maker}\n"
        "    # via ray\n"
    )
    assert "maker" not in lock.pins
    assert not (tmp_path / "trace").exists()


def test_both_resolvers_lock_it_alike(plain: Ground, checkout: Checkout, index: Index) -> None:
    by_uv = locked(Uv(index=index), plain, checkout)
    checkout.lock(VARIANT.name).unlink()
    assert locked(PipTools(index=index), plain, checkout).pins == by_uv.pins


def test_its_layer_installs_what_is_built_of_that_very_file(
    plain: Ground, checkout: Checkout, index: Index, site: Site, tmp_path: Path
) -> None:
    parts = {layer.name: layer for layer in layers(locked(Uv(index=index), plain, checkout))}
    assert [pin.name for pin in parts["source"].pins] == ["only-source"]
    assert not any(layer.build for name, layer in parts.items() if name != "source")
    text, target = parts["source"].text, tmp_path / "target"
    assert text.endswith(f"# built with {parts['source'].build[0]}\n")  # other tools are another layer
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--no-config", "--python", sys.executable]
    command += ["--target", str(target), "--index-url", index.endpoint, "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "-r", str(tmp_path / "source.txt")]
    (tmp_path / "source.txt").write_text(text.replace(sha256(site.files[FILE]).hexdigest(), "0" * 64))
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert "Hash mismatch" in done.stderr
    assert not (tmp_path / "trace").exists()
    (tmp_path / "source.txt").write_text(text)
    subprocess.run(command, check=True, timeout=60)
    assert (target / "only_source" / "__init__.py").exists()


def test_another_file_of_that_version_is_refused(plain: Ground, checkout: Checkout, index: Index, site: Site) -> None:
    site.pages["only-source"].clear()
    site.add("only-source", FILE, site.files[FILE] + b"more")
    with pytest.raises(VariantError, match="raydock knows another file of that package"):
        locked(Uv(index=index), plain, checkout)


def test_what_raydock_ships() -> None:
    found = sdists.load()
    assert list(found) == ["quantile-python"]
    assert all(len(item.sha256) == 64 and item.build for item in found.values())


def test_what_is_not_as_documented_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(DATA.replace("  reason: no wheel of it exists\n", ""))
    with pytest.raises(ConfigurationError, match="lacks the key 'reason'"):
        sdists.load(path)
