"""release.json: written, read again, and refused if it is damaged."""

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
from raydock.publish.release import AliasTarget, DamagedError, PublishedImage, Release, dump, load
from raydock.publish.variant_image import ImageState, of_release

CPU, CUDA = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130"


@pytest.fixture
def release(plan: Plan) -> Release:
    """Two published images."""
    entries = tuple(entry(plan, name) for name in (CPU, CUDA))
    aliases = {"latest": AliasTarget(variant=CPU, fingerprint="f" * 64, digest=f"sha256:{'d' * 64}")}
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


def test_a_release_is_read_as_written(release: Release) -> None:
    assert load(dump(release), "release.json") == replace(release, name="release.json")


def test_an_entry_has_the_documented_fields(release: Release) -> None:
    document = json.loads(dump(release))
    assert document["schema"] == 1
    entry = document["variants"][1]
    assert entry["name"] == CUDA
    assert entry["tags"] == [f"{CUDA}.ffffffffffff", CUDA]
    assert (entry["min_driver"], entry["axes"]["cuda"]) == ("580.65.06", "13.0")
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
def test_a_release_with_an_invalid_value_is_damaged(release: Release, path: tuple[Any, ...], value: object) -> None:
    document = json.loads(dump(release))
    parent: Any = document
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    with pytest.raises(DamagedError, match=r"^release\.json is damaged: "):
        load(json.dumps(document).encode(), "release.json")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{}", b'{"schema": "x"}'])
def test_data_that_is_not_a_release_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedError, match="is not JSON with a schema"):
        load(data, "release.json")


def test_a_newer_schema_is_refused(release: Release) -> None:
    document = json.loads(dump(release)) | {"schema": 2}
    with pytest.raises(ConfigurationError, match="has schema 2, and this raydock reads schemas up to 1") as refused:
        load(json.dumps(document).encode(), "release.json")
    assert not isinstance(refused.value, DamagedError)


def test_a_release_is_selected_from_like_a_plan(release: Release) -> None:
    assert [planned.name for planned in select(release, groups=["train"])] == [CUDA]
    assert [planned.name for planned in select(release, selectors=["cuda=cpu"])] == [CPU]
    with pytest.raises(ConfigurationError, match=r"has no group 'serve'"):
        select(release, groups=["serve"])
    with pytest.raises(SelectionError):
        select(release, selectors=["cuda=cpu,torch=2.13.0"])


@pytest.mark.parametrize(("capability", "name"), [("9.0", CUDA), ("none", CPU)])
def test_pick_chooses_among_published_images(release: Release, capability: str, name: str) -> None:
    host: GpuHost = stated("host", "590.0.0", [capability])
    offered = published(release, release.variants, "localhost:5000/raydock")
    answer = pick([host], offered)
    candidate = answer.candidate
    assert candidate
    assert (candidate.name, candidate.state) == (name, ImageState.PUBLISHED)
    assert answer.image == f"localhost:5000/raydock:{name}.ffffffffffff"
    assert answer.digest == f"sha256:{'d' * 64}"


def test_a_published_image_has_what_deploy_needs(release: Release) -> None:
    image = of_release(release.entries[1], "localhost:5000/raydock")
    assert image.reference == f"localhost:5000/raydock@sha256:{'d' * 64}"
    assert (image.id, image.fingerprint) == (f"sha256:{'1' * 64}", "f" * 64)
    assert (image.ray, image.min_driver, image.state) == ("2.60.0", "580.65.06", ImageState.PUBLISHED)
