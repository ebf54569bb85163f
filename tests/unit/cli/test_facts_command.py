"""The command `facts` with an index on loopback."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.core.errors import ConfigurationError
from raydock.model import facts as model
from tests.support.index import Site, serving

ROOT = Path(__file__).parents[3]
NAMED = (
    *("ray 2.49.1", "ray 2.60.0", "torch 2.1.2", "torch 2.8.0", "torch 2.13.0"),
    *("vllm 0.3.0", "vllm 0.10.2", "vllm 0.32.0"),
)


@pytest.fixture
def site() -> Site:
    site = Site()
    for project, version in (name.split() for name in NAMED):
        site.publish(project, version)
    return site


@pytest.fixture
def checkout(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    shutil.copy(ROOT / "matrix.yaml", tmp_path)
    monkeypatch.setenv("RAYDOCK_ROOT", str(tmp_path))
    with serving(site) as endpoint:
        monkeypatch.setenv("UV_DEFAULT_INDEX", endpoint)
        yield tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["facts", *arguments])


def test_facts_are_read_and_checked(checkout: Path, site: Site) -> None:
    path = checkout / "lockfiles" / "facts.json"
    assert "has 8 releases; 8 of them changed" in run().stdout
    written = path.read_text()
    assert (done := run("--check")).exit_code == 0, done.output
    site.publish("vllm", "0.33.0")
    site.add("ray", "ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl")
    done = run("--check")
    assert done.exit_code == 1
    assert "vllm 0.33.0 is new" in done.stderr
    assert "ray 2.60.0 gained ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl" in done.stderr
    assert path.read_text() == written


@pytest.mark.parametrize("text", ["{", '{"schema": 99, "releases": []}', '{"schema": 2, "releases": [7]}'])
def test_an_invalid_file_is_written_again(checkout: Path, text: str) -> None:
    path = checkout / "lockfiles" / "facts.json"
    path.parent.mkdir()
    path.write_text(text)
    assert isinstance(run("--check").exception, ConfigurationError)
    assert path.read_text() == text
    done = run()
    assert f"{path}:1: " in done.stderr
    assert len(model.load(path).releases) == 8
