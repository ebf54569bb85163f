"""release.json: written, read again, and refused where it is not what it says."""

import json
from dataclasses import replace
from typing import Any

import pytest

from raydock.core.errors import ConfigurationError, SelectionError
from raydock.pick.candidate import published
from raydock.pick.nvidia_smi import GpuHost, stated
from raydock.pick.pick import pick
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.release import Named, PublishedImage, Release
from raydock.publish.release_json import DamagedError, dump, load
from raydock.publish.variant_image import Where, of_release

CPU, CUDA = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130"


@pytest.fixture
def release(plan: Plan) -> Release:
    """Two published images."""
    entries = tuple(entry(plan, name) for name in (CPU, CUDA))
    aliases = {"latest": Named(variant=CPU, fingerprint="f" * 64, digest=f"sha256:{'d' * 64}")}
    return Release(
        id="20261125-1",
        created="2026-11-25T12:00:00+00:00",
        raydock="0.1.0",
        commit="c",
        entries=entries,
        aliases=aliases,
    )


def entry(plan: Plan, name: str) -> PublishedImage:
    [planned] = select(plan, names=[name])
    return PublishedImage(
        planned=planned,
        fingerprint="f" * 64,
        image_id=f"sha256:{'1' * 64}",
        content=f"sha256:{'c' * 64}",
        digest=f"sha256:{'d' * 64}",
        media_type="application/vnd.oci.image.manifest.v1+json",
        manifest_bytes=1000,
        compressed_bytes=100_000_000,
        python="3.11.2",
        lock_sha256="a" * 64,
        published="2026-11-25T12:00:00+00:00",
        signed=False,
        packages={"ray": "2.60.0"},
        reports={"smoke": {"checks": []}},
        files={"smoke.json": f"sha256:{'2' * 64}"},
        attached={"smoke.json": f"sha256:{'3' * 64}"},
    )


def test_a_release_is_read_as_it_was_written(release: Release) -> None:
    assert load(dump(release), "release.json") == replace(release, where="release.json")


def test_an_entry_has_what_the_documentation_says(release: Release) -> None:
    document = json.loads(dump(release))
    assert document["schema"] == 1
    found = document["variants"][1]
    assert found["name"] == CUDA
    assert found["tags"] == [f"{CUDA}.ffffffffffff", CUDA]
    assert (found["min_driver"], found["axes"]["cuda"]) == ("580.65.06", "13.0")
    assert document["aliases"]["latest"]["variant"] == CPU


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("variants", 0, "digest"), "sha256:ab"),
        (("variants", 0, "digest"), f"sha256:{'d' * 64}\n"),
        (("variants", 0, "fingerprint"), "$(reboot)"),
        (("variants", 0, "axes", "ray"), "2.60.0; reboot"),
        (("variants", 0, "min_driver"), "`reboot`"),
        (("variants", 0, "name"), CUDA),
        (("variants", 0, "sm"), ["x"]),
        (("variants", 0, "axes"), {}),
        (("variants",), 1),
        (("variants", 0, "packages"), None),
        (("variants", 0, "files"), ["smoke.json"]),
        (("variants", 0, "attached", "smoke.json"), "../../blobs/uploads"),
        (("aliases", "latest", "digest"), 1),
        (("aliases", "latest", "digest"), "latest"),
        (("id",), None),
    ],
)
def test_a_release_that_says_what_it_cannot_is_damaged(release: Release, path: tuple[Any, ...], value: object) -> None:
    document = json.loads(dump(release))
    at: Any = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(DamagedError, match=r"^release\.json is damaged: "):
        load(json.dumps(document).encode(), "release.json")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{}", b'{"schema": "x"}'])
def test_what_is_no_release_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedError, match="is not JSON with a schema"):
        load(data, "release.json")


def test_a_newer_release_is_left_to_a_newer_raydock(release: Release) -> None:
    document = json.loads(dump(release)) | {"schema": 2}
    with pytest.raises(ConfigurationError, match="is of schema 2, and this raydock reads up to 1") as refused:
        load(json.dumps(document).encode(), "release.json")
    assert not isinstance(refused.value, DamagedError)


def test_a_selection_is_made_from_a_release_as_from_a_plan(release: Release) -> None:
    assert [item.name for item in select(release, groups=["train"])] == [CUDA]
    assert [item.name for item in select(release, selectors=["cuda=cpu"])] == [CPU]
    with pytest.raises(ConfigurationError, match=r"has no group 'serve'"):
        select(release, groups=["serve"])
    with pytest.raises(SelectionError):
        select(release, selectors=["cuda=cpu,torch=2.13.0"])


@pytest.mark.parametrize(("capability", "name"), [("9.0", CUDA), ("none", CPU)])
def test_pick_chooses_among_published_images(release: Release, capability: str, name: str) -> None:
    host: GpuHost = stated("host", "590.0.0", [capability])
    offered = published(release, release.variants, "localhost:5000/raydock")
    answer = pick([host], offered)
    found = answer.candidate
    assert found
    assert (found.name, found.where) == (name, Where.PUBLISHED)
    assert answer.image == f"localhost:5000/raydock:{name}.ffffffffffff"
    assert answer.digest == f"sha256:{'d' * 64}"


def test_deploy_knows_of_a_published_image_what_an_engine_would(release: Release) -> None:
    found = of_release(release.entries[1], "localhost:5000/raydock")
    assert found.reference == f"localhost:5000/raydock@sha256:{'d' * 64}"
    assert (found.id, found.fingerprint) == (f"sha256:{'1' * 64}", "f" * 64)
    assert (found.ray, found.min_driver, found.where) == ("2.60.0", "580.65.06", Where.PUBLISHED)
