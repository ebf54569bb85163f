"""The command `add` with an index on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.core.errors import ConfigurationError
from raydock.model import matrix
from raydock.model.variant import Axis
from tests.support.index import Site, serving

MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15  # of locks
bases: {debian: {source: bootstrap, python: {"3.11": bookworm}}}
axes:
  python: ["3.11"]
  ray: ["2.59.0"]  # tested
packages: {ray-extras: []}
groups: {cpu: {cuda: cpu}}
"""


@pytest.fixture
def site() -> Site:
    site = Site()
    for version in ("2.59.0", "2.60.0"):
        site.publish("ray", version)
    for project in ("torch", "vllm"):
        site.publish(project, "2.13.0")
    return site


@pytest.fixture
def checkout(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "matrix.yaml").write_text(MATRIX)
    monkeypatch.setenv("RAYDOCK_ROOT", str(tmp_path))
    with serving(site) as endpoint:
        monkeypatch.setenv("UV_DEFAULT_INDEX", endpoint)
        yield tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["add", *arguments])


def unchanged(checkout: Path) -> bool:
    return (checkout / "matrix.yaml").read_text() == MATRIX and not (checkout / "lockfiles").exists()


def test_a_version_is_added_with_its_facts(checkout: Path) -> None:
    done = run("ray", "2.60.0")
    assert done.exit_code == 0, done.output
    assert "1 more variant can exist:\n  ray2.60.0-py311-cpu  (cpu)\n" in done.stdout
    assert "Locks: 2 to make; no other lock changes.\n" in done.stdout
    assert done.stdout.endswith("Next: `./build.py release --select ray=2.60.0`.\n")
    added = matrix.load(checkout / "matrix.yaml")
    assert added.axes[Axis.RAY] == ("2.59.0", "2.60.0")
    assert "# tested" in (checkout / "matrix.yaml").read_text()
    releases = json.loads((checkout / "lockfiles" / "facts.json").read_text())["releases"]
    assert {"2.59.0", "2.60.0"} <= {release["version"] for release in releases}


def test_a_newer_version_moves_the_cutoff_and_not_the_timestamp(checkout: Path, site: Site) -> None:
    site.publish("ray", "2.61.0")
    site.pages["ray"][-1]["upload-time"] = "2026-11-18T23:00:00Z"
    document = json.loads(run("ray", "2.61.0", "--json").stdout)
    assert (document["cutoff"], document["timestamp"]) == ("2026-11-18", "2026-11-15")
    assert [variant["name"] for variant in document["variants"]] == ["ray2.61.0-py311-cpu"]
    added = matrix.load(checkout / "matrix.yaml")
    assert (str(added.cutoff), str(added.timestamp)) == ("2026-11-18", "2026-11-15")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["ray", "2.59.0"], "matrix.yaml has ray 2.59.0 already."),
        (["ray", "2.99.0"], "ray 2.99.0 is not in the package index."),
        (["raay", "2.60.0"], "'raay' is not an axis of matrix.yaml."),
        (["ray"], "ray has no version."),
        (["ray", "latest"], "'latest' is not a value for the axis ray."),
        (["python", "3.12"], "No variant with python 3.12 can exist, so matrix.yaml stays as it is."),
    ],
)
def test_what_cannot_be_added_changes_nothing(checkout: Path, arguments: list[str], what: str) -> None:
    done = run(*arguments)
    assert isinstance(done.exception, ConfigurationError)
    assert what in str(done.exception)
    assert "Next: " in str(done.exception)
    assert unchanged(checkout)


def test_anchors_are_not_edited(checkout: Path) -> None:
    aliased = MATRIX.replace('python: ["3.11"]', 'torch: &same [none]\n  vllm: *same\n  python: ["3.11"]')
    (checkout / "matrix.yaml").write_text(aliased)
    done = run("torch", "2.13.0")
    assert "uses anchors of YAML" in str(done.exception)
    assert (checkout / "matrix.yaml").read_text() == aliased
