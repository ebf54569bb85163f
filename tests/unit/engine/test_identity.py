"""An image has the same identity in each image store and in a registry."""

import json
from typing import Any

import pytest

from raydock.engine.identity import from_configuration, from_inspect

CONFIGURATION: dict[str, Any] = {
    "User": "1000:0",
    "Env": ["PATH=/opt/venv/bin:/usr/bin", "HOME=/home/ray"],
    "WorkingDir": "/home/ray",
    "Labels": {"raydock.fingerprint": "f" * 64},
    "Shell": ["/bin/sh", "-euc"],
}
LAYERS = [f"sha256:{digit * 64}" for digit in "12"]
# As Docker 26.1.5 answers to `inspect` (2026-11-29), shortened: fields that are not set are null, empty or missing.
OVERLAY2 = {
    "Id": f"sha256:{'c' * 64}",
    "RepoDigests": [f"registry.example/raydock@sha256:{'d' * 64}"],
    "Config": {**CONFIGURATION, "Hostname": "", "Cmd": None, "Entrypoint": None, "Volumes": None, "OnBuild": None},
    "Architecture": "amd64",
    "Os": "linux",
    "RootFS": {"Type": "layers", "Layers": LAYERS},
}
CONTAINERD = {
    **OVERLAY2,
    "Id": f"sha256:{'e' * 64}",
    "RepoDigests": [f"localhost:5000/raydock@sha256:{'e' * 64}"],
    "Config": {**CONFIGURATION, "Cmd": [], "ExposedPorts": {}},
}
# As a registry has it (OCI image specification).
BLOB = {
    "architecture": "amd64",
    "os": "linux",
    "config": CONFIGURATION,
    "created": "2026-11-15T00:00:00Z",
    "rootfs": {"type": "layers", "diff_ids": LAYERS},
    "history": [{"created_by": "RUN true"}],
}


def test_every_store_and_registry_has_the_same_image() -> None:
    overlay2, containerd = from_inspect(OVERLAY2), from_inspect(CONTAINERD)
    published = from_configuration(json.dumps(BLOB).encode(), {f"sha256:{'c' * 64}"})
    assert overlay2.is_same(containerd)
    assert overlay2.is_same(published)
    assert overlay2.layers == published.layers == tuple(LAYERS)
    assert overlay2.digests == {f"sha256:{'c' * 64}", f"sha256:{'d' * 64}"}
    assert not overlay2.digests & containerd.digests


def test_names_and_configuration_of_an_image_are_read() -> None:
    found = from_inspect({**CONTAINERD, "RepoTags": ["localhost:5000/raydock:a"]})
    assert (found.id, found.tags) == (f"sha256:{'e' * 64}", ("localhost:5000/raydock:a",))
    assert found.references == (f"localhost:5000/raydock@sha256:{'e' * 64}",)
    assert (found.user, found.environment["HOME"], found.platform) == ("1000:0", "/home/ray", "linux/amd64")
    assert found.fingerprint == "f" * 64


@pytest.mark.parametrize(
    "changed",
    [
        {"RootFS": {"Layers": LAYERS[:1]}},
        {"RootFS": {"Layers": LAYERS[::-1]}},
        {"Architecture": "arm64"},
        {"Config": {**CONFIGURATION, "Env": CONFIGURATION["Env"][:1]}},
        {"Config": {**CONFIGURATION, "Entrypoint": ["/bin/sh"]}},
        {"Config": {**CONFIGURATION, "Labels": {}}},
        {"Config": {**CONFIGURATION, "User": "0"}},
        {"Config": {**CONFIGURATION, "Healthcheck": {"Test": ["CMD", "true"]}}},
    ],
)
def test_an_image_that_differs_in_anything_that_runs_is_a_different_one(changed: dict[str, Any]) -> None:
    assert not from_inspect(OVERLAY2).is_same(from_inspect({**OVERLAY2, **changed}))


def test_an_answer_without_configuration_or_layers_is_an_image_too() -> None:
    bare: dict[str, Any] = {"Id": "sha256:1", "RepoDigests": None, "Config": None, "RootFS": {}}
    assert from_inspect(bare).is_same(from_inspect({"Id": "sha256:2"}))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"architecture": "amd64"}', b'{"rootfs": 1, "architecture": ""}']
)
def test_an_invalid_configuration_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        from_configuration(data, set())
