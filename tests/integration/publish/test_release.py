"""`pick`, `deploy` and `verify` with a published release: they need only the registry."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from raydock.registry.manifest import OCI_INDEX, Manifest
from raydock.registry.referrers import fallback_tag
from raydock.registry.repository import verify_image
from tests.integration.publish.conftest import PATH, PublishProject
from tests.support.forked import run
from tests.support.toy import NAMES, ROOT, Run

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

OLD, NEW = NAMES
RunElsewhere = Callable[..., Run]


@pytest.fixture
def run_elsewhere(project: PublishProject, tmp_path: Path) -> RunElsewhere:
    """Runs commands on published images, without matrix.yaml and without an engine."""
    assert project.publish().code == 0
    root = tmp_path / "elsewhere"
    root.mkdir()
    shutil.copytree(ROOT / "templates", root / "templates")
    nowhere = project.environment | {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}

    def run_command(*arguments: str) -> Run:
        return run((*arguments, "--registry", project.name), nowhere, root, project.output)

    return run_command


def test_pick_names_a_published_image(run_elsewhere: RunElsewhere, project: PublishProject) -> None:
    entry = project.release.entry(NEW)
    assert entry
    done = run_elsewhere("pick", "--gpu", "none", "--json")
    assert done.code == 0, done.summary
    answer = json.loads(done.out)
    assert (answer["tag"], answer["where"], answer["digest"]) == (NEW, "published", entry.digest)
    assert answer["image"] == f"{project.name}:{entry.tag}"
    older = run_elsewhere("pick", "--gpu", "none", "--select", "ray=1.0.0", "--json")
    assert json.loads(older.out)["tag"] == OLD
    unknown = run_elsewhere("pick", "--gpu", "none", "--select", "ray=1.0.1")
    assert unknown.code == 2
    assert "'1.0.1' is not a value of axis 'ray'." in unknown.err


def test_deploy_pins_the_published_digest(run_elsewhere: RunElsewhere, project: PublishProject, tmp_path: Path) -> None:
    entry = project.release.entry(NEW)
    assert entry
    kuberay = run_elsewhere("deploy", "kuberay", NEW)
    assert kuberay.code == 0, kuberay.summary
    assert [*yaml.safe_load_all(kuberay.out)][-1]["spec"]["rayVersion"] == "2.0.0"
    assert kuberay.out.count(f"{project.name}@{entry.digest}") == 2
    output = tmp_path / "cluster"
    options = (NEW, "--head", "10.0.0.1", "--worker", "10.0.0.2", "--output", str(output))
    closed = run_elsewhere("deploy", "docker", *options)
    assert closed.code == 2, closed.summary
    assert f"{NEW} cannot require a token" in closed.err
    docker = run_elsewhere("deploy", "docker", *options, "--open")
    assert docker.code == 0, docker.summary
    script = (output / "head.sh").read_text()
    assert f"\ndigest={project.name}@{entry.digest}\n" in script
    assert f"\nfingerprint={entry.fingerprint}\n" in script
    unknown = run_elsewhere("deploy", "kuberay", "ray3.0.0-py311-cpu")
    assert unknown.code == 2, unknown.summary
    assert f"Did you mean '{NEW}'?" in unknown.err


def test_a_registry_without_a_release_is_reported(project: PublishProject) -> None:
    for arguments in (("pick", "--gpu", "none"), ("deploy", "kuberay", NEW), ("verify",)):
        done = project.run(*arguments, "--registry", project.name)
        assert done.code == 2, done.summary
        assert f"{project.name} has no release: nothing was published to it." in done.err


def test_a_registry_that_matches_its_release_is_verified(run_elsewhere: RunElsewhere, project: PublishProject) -> None:
    done = run_elsewhere("verify")
    assert done.code == 0, done.summary
    assert done.out == f"release {project.release.id}: 2 images, 7 aliases, 0 differences.\n"


def test_every_difference_from_the_release_is_reported(run_elsewhere: RunElsewhere, project: PublishProject) -> None:
    images, release = project.images, project.release
    old, new = release.entry(OLD), release.entry(NEW)
    assert old
    assert new
    images.push_manifest("latest", verify_image(images, old.digest))
    delete(project, f"manifests/{release.entries[0].attached['smoke.json']}")
    delete(project, f"blobs/{verify_image(images, new.digest).parts[1].digest}")
    images.push_manifest(fallback_tag(new.digest), Manifest(media_type=OCI_INDEX, data=_EMPTY_INDEX))
    index = project.releases.repository
    index.transport.request(
        "DELETE",
        f"{PATH}/index/manifests/{index.digest(release.id)}",
        doing="deleting",
        repository=f"{PATH}/index",
        expect=frozenset({202}),
    )
    assert run_elsewhere("verify").code == 2
    project.releases.make_newest(project.releases.push(release))
    done = run_elsewhere("verify", "--json")
    assert done.code == 1, done.summary
    differences = [(difference["kind"], difference["of"]) for difference in json.loads(done.out)["differences"]]
    assert differences == [
        ("moved", "latest"),
        ("unreadable", new.digest),
        ("unreadable", old.tag),
        *[("detached", new.tag)] * 6,
    ]


def test_a_missing_tag_is_reported(run_elsewhere: RunElsewhere, project: PublishProject) -> None:
    entry = project.release.entry(OLD)
    assert entry
    delete(project, f"manifests/{entry.digest}")
    done = run_elsewhere("verify")
    assert done.code == 1, done.summary
    assert f"{OLD}: missing: the release has {entry.digest}\n" in done.out
    assert f"{entry.digest}: unreadable: " in done.out


_EMPTY_INDEX = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()


def test_verify_of_a_variant_reports_only_its_differences(run_elsewhere: RunElsewhere, project: PublishProject) -> None:
    new = project.release.entry(NEW)
    assert new
    delete(project, f"manifests/{new.digest}")
    intact = json.loads(run_elsewhere("verify", OLD, "--json").out)
    assert (intact["images"], intact["differences"]) == (1, [])
    assert run_elsewhere("verify", NEW).code == 1
    assert run_elsewhere("verify", "ray9.9.9-py311-cpu").code == 2


def delete(project: PublishProject, path: str) -> None:
    """Deletes something from the registry."""
    project.images.transport.request(
        "DELETE", f"{PATH}/{path}", doing="deleting", repository=PATH, expect=frozenset({202})
    )
