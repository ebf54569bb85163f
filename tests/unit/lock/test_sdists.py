"""A package without any wheel: locked without running it, and installed from its lock by hash."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
import uv

from raydock.builder.layers import layers
from raydock.compat import sdists
from raydock.compat.sdists import Sdist
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError, VariantError
from raydock.core.yamlfile import load
from raydock.index.client import Index
from raydock.index.pages import Pages
from raydock.lock.resolver import Uv
from raydock.plan.rules.verdict import RuleInputs
from tests.support.index import Site
from tests.support.onlysource import DATA, FILE, locked


def test_it_is_locked_by_the_hash_of_its_source_and_not_run(
    plain: RuleInputs, checkout: Checkout, index: Index, site: Site, tmp_path: Path
) -> None:
    lock = locked(Uv(pages=Pages(index)), plain, checkout)
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


def test_its_layer_installs_what_is_built_of_that_very_file(
    plain: RuleInputs, checkout: Checkout, index: Index, site: Site, tmp_path: Path
) -> None:
    parts = {layer.name: layer for layer in layers(locked(Uv(pages=Pages(index)), plain, checkout))}
    assert [pin.name for pin in parts["source"].pins] == ["only-source"]
    assert not any(layer.build for name, layer in parts.items() if name != "source")
    text, target = parts["source"].text, tmp_path / "target"
    assert text.endswith(f"# built with {parts['source'].build[0]}\n")  # other tools are another layer
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--no-config", "--python", sys.executable]
    command += ["--target", str(target), "--index-url", index.address.url, "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "-r", str(tmp_path / "source.txt")]
    (tmp_path / "source.txt").write_text(text.replace(sha256(site.files[FILE]).hexdigest(), "0" * 64))
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert "Hash mismatch" in done.stderr
    assert not (tmp_path / "trace").exists()
    (tmp_path / "source.txt").write_text(text)
    subprocess.run(command, check=True, timeout=60)
    assert (target / "only_source" / "__init__.py").exists()


def test_a_different_file_of_that_version_is_refused(
    plain: RuleInputs, checkout: Checkout, index: Index, site: Site
) -> None:
    site.pages["only-source"].clear()
    site.add("only-source", FILE, site.files[FILE] + b"more")
    with pytest.raises(VariantError, match=r"is not the one in raydock's sdists\.yaml"):
        locked(Uv(pages=Pages(index)), plain, checkout)


def test_what_raydock_ships() -> None:
    found = sdists.known()
    assert list(found) == ["quantile-python"]
    assert all(len(item.sha256) == 64 and item.build for item in found.values())


def test_what_is_not_as_documented_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(DATA.format(sha256="0" * 64).replace("  reason: no wheel of it exists\n", ""))
    with pytest.raises(ConfigurationError, match="lacks the key 'reason'"):
        load(path, tuple[Sdist, ...])
