"""What was published, asked by `pick`, `deploy` and `verify`, which need nothing but the registry."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from raydock.registry.manifest import OCI_INDEX, Manifest
from raydock.registry.referrers import fallback_tag
from raydock.registry.whole import whole
from tests.integration.publish.conftest import PATH, Stall
from tests.support.forked import run
from tests.support.toy import NAMES, ROOT, Run

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

OLD, NEW = NAMES
Ask = Callable[..., Run]


@pytest.fixture
def ask(stall: Stall, tmp_path: Path) -> Ask:
    """Commands on a published stall, where there is neither matrix.yaml nor an engine."""
    assert stall.publish().code == 0
    root = tmp_path / "elsewhere"
    root.mkdir()
    shutil.copytree(ROOT / "templates", root / "templates")
    nowhere = stall.environment | {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}

    def asked(*words: str) -> Run:
        return run((*words, "--registry", stall.name), nowhere, root, stall.said)

    return asked


def test_pick_names_a_published_image(ask: Ask, stall: Stall) -> None:
    entry = stall.release.entry(NEW)
    assert entry
    said = ask("pick", "--gpu", "none", "--json")
    assert said.code == 0, said.words
    found = json.loads(said.out)
    assert (found["tag"], found["where"], found["digest"]) == (NEW, "published", entry.digest)
    assert found["image"] == f"{stall.name}:{entry.tag}"
    older = ask("pick", "--gpu", "none", "--select", "ray=1.0.0", "--json")
    assert json.loads(older.out)["tag"] == OLD
    unknown = ask("pick", "--gpu", "none", "--select", "ray=1.0.1")
    assert unknown.code == 2
    assert "'1.0.1' is not a value of axis 'ray'." in unknown.err


def test_deploy_pins_the_published_digest(ask: Ask, stall: Stall, tmp_path: Path) -> None:
    entry = stall.release.entry(NEW)
    assert entry
    kuberay = ask("deploy", "kuberay", NEW)
    assert (kuberay.code, kuberay.err) == (0, ""), kuberay.words
    assert yaml.safe_load(kuberay.out)["spec"]["rayVersion"] == "2.0.0"
    assert kuberay.out.count(f"{stall.name}@{entry.digest}") == 2
    output = tmp_path / "cluster"
    docker = ask("deploy", "docker", NEW, "--head", "10.0.0.1", "--worker", "10.0.0.2", "--output", str(output))
    assert docker.code == 0, docker.words
    script = (output / "head.sh").read_text()
    assert f"\ndigest={stall.name}@{entry.digest}\n" in script
    assert f"\nfingerprint={entry.fingerprint}\n" in script
    unknown = ask("deploy", "kuberay", "ray3.0.0-py311-cpu")
    assert unknown.code == 2, unknown.words
    assert f"Did you mean '{NEW}'?" in unknown.err


def test_a_registry_without_a_release_is_said(stall: Stall) -> None:
    for words in (("pick", "--gpu", "none"), ("deploy", "kuberay", NEW), ("verify",)):
        done = stall.run(*words, "--registry", stall.name)
        assert done.code == 2, done.words
        assert f"{stall.name} has no release: nothing was published there." in done.err


def test_a_registry_that_is_as_its_release_says_is_verified(ask: Ask, stall: Stall) -> None:
    said = ask("verify")
    assert said.code == 0, said.words
    assert said.out == f"release {stall.release.id}: 2 images, 7 aliases, 0 differences.\n"


def test_every_difference_from_the_release_is_reported(ask: Ask, stall: Stall) -> None:
    images, release = stall.images, stall.release
    old, new = release.entry(OLD), release.entry(NEW)
    assert old
    assert new
    images.put("latest", whole(images, old.digest))
    delete(stall, f"manifests/{release.entries[0].attached['smoke.json']}")
    delete(stall, f"blobs/{whole(images, new.digest).parts[1].digest}")
    images.put(fallback_tag(new.digest), Manifest(media_type=OCI_INDEX, data=_EMPTY_INDEX))
    index = stall.releases.repository
    index.transport.request(
        "DELETE",
        f"{PATH}/index/manifests/{index.digest(release.id)}",
        doing="deleting",
        repository=f"{PATH}/index",
        expect=frozenset({202}),
    )
    assert ask("verify").code == 2
    stall.releases.write(release)
    said = ask("verify", "--json")
    assert said.code == 1, said.words
    found = [(item["kind"], item["of"]) for item in json.loads(said.out)["differences"]]
    assert found == [
        ("moved", "latest"),
        ("unreadable", new.digest),
        ("unreadable", old.tag),
        *[("detached", new.tag)] * 6,
    ]


def test_a_tag_that_is_gone_is_reported(ask: Ask, stall: Stall) -> None:
    entry = stall.release.entry(OLD)
    assert entry
    delete(stall, f"manifests/{entry.digest}")
    said = ask("verify")
    assert said.code == 1, said.words
    assert f"{OLD}: missing: the release says {entry.digest}\n" in said.out
    assert f"{entry.digest}: unreadable: " in said.out


_EMPTY_INDEX = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()


def delete(stall: Stall, path: str) -> None:
    """Deletes something from the registry."""
    stall.images.transport.request(
        "DELETE", f"{PATH}/{path}", doing="deleting", repository=PATH, expect=frozenset({202})
    )
