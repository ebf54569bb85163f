"""`publish`: what it pushes, what it refuses, and what it reports."""

import json
from pathlib import Path

import docker
import pytest

from raydock.engine.localimage import get_image
from raydock.publish.release import immutable_tag
from raydock.registry.referrers import attached
from raydock.registry.repository import repository, verify_image
from tests.integration.publish.conftest import PATH, PublishProject, Serve
from tests.support.faults import front
from tests.support.toy import NAMES

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

OLD, NEW = NAMES
SIX = {
    "application/vnd.raydock.smoke.v1+json",
    "application/vnd.raydock.contract.v1+json",
    "application/vnd.raydock.scan.v1+json",
    "application/vnd.in-toto+json",
    "application/vnd.cyclonedx+json",
    "application/spdx+json",
}


def test_images_are_published_under_all_their_tags(project: PublishProject) -> None:
    done = project.publish()
    assert done.code == 0, done.summary
    release, tags = project.release, project.tags()
    old, new = release.entry(OLD), release.entry(NEW)
    assert old
    assert new
    assert tags == {
        old.tag: old.digest,
        OLD: old.digest,
        "1.0.0": old.digest,
        "1.0.0-py311": old.digest,
        "1.0.0-py311-cpu": old.digest,
        new.tag: new.digest,
        NEW: new.digest,
        "2.0.0": new.digest,
        "2.0.0-py311": new.digest,
        "2.0.0-py311-cpu": new.digest,
        "latest": new.digest,
    }
    assert {name: target.digest for name, target in release.aliases.items()} == {
        tag: digest for tag, digest in tags.items() if not tag.startswith("ray")
    }
    for entry in (old, new):
        manifest = verify_image(project.images, entry.digest)
        assert manifest.config == entry.image_id
        assert entry.content == get_image(project.built.client, project.ids[entry.name]).content
        assert immutable_tag(entry.name, entry.fingerprint) == entry.tag


def test_reports_and_sboms_are_attached_to_an_image(project: PublishProject) -> None:
    done = project.publish("--select", f"name={NEW}")
    assert done.code == 0, done.summary
    entry = project.release.entry(NEW)
    assert entry
    listed = attached(project.images, entry.digest)
    assert {descriptor["artifactType"] for descriptor in listed.values()} == SIX
    assert set(entry.attached.values()) == set(listed)
    artifact = project.images.manifest(entry.attached["provenance.json"])
    assert artifact
    assert artifact.document["subject"]["digest"] == entry.digest
    statement = json.loads(project.images.blob(artifact.parts[1].digest))
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [{"name": NEW, "digest": {"sha256": entry.digest.removeprefix("sha256:")}}]
    build = statement["predicate"]["buildDefinition"]
    assert build["externalParameters"]["axes"]["ray"] == "2.0.0"
    assert build["internalParameters"]["fingerprint"] == entry.fingerprint
    assert build["resolvedDependencies"][0]["digest"]["sha256"] == entry.lock_sha256
    sbom = project.images.manifest(entry.attached["sbom.cdx.json"])
    assert sbom
    assert project.images.blob(sbom.parts[1].digest) == b'{"of": "ray2.0.0-py311-cpu"}\n'


def test_publishing_again_costs_one_head_for_each_image(project: PublishProject) -> None:
    assert project.publish().code == 0
    tags = project.tags()
    with front(project.address) as seen:
        again = project.run("publish", "--registry", f"{seen.address}/{PATH}")
    assert again.code == 0, again.summary
    assert "nothing to move, 2 images already published." in again.out
    assert seen.writes == []
    heads = sorted(path for method, path in seen.requests if method == "HEAD")
    assert heads == [f"/v2/{PATH}/manifests/{name}" for name in NAMES]
    # The rest: whether it is a registry, and its release.
    assert len(seen.requests) - len(heads) <= 4
    assert project.tags() == tags


def test_a_dry_run_reports_exactly_what_moves_and_changes_nothing(project: PublishProject) -> None:
    dry_run = project.publish("--dry-run", "--json")
    assert dry_run.code == 0, dry_run.summary
    assert project.tags() == {}
    planned = json.loads(dry_run.out)["registries"][0]
    assert json.loads(dry_run.out)["dry_run"] is True
    assert {move["after"] for move in planned["moves"]} == {"new"}
    done = json.loads(project.publish("--json").out)["registries"][0]
    assert [move["tag"] for move in planned["moves"]] == [move["tag"] for move in done["moves"]]
    assert {move["tag"]: move["after"] for move in done["moves"]} == project.tags()
    assert planned["release"] == done["release"] == project.release.id
    assert planned["attached"] == done["attached"] == [OLD, NEW]
    nothing = json.loads(project.publish("--dry-run", "--json").out)["registries"][0]
    assert nothing["moves"] == []
    assert nothing["unchanged"] == [OLD, NEW]
    assert (nothing["release"], nothing["attached"]) == (None, [])


def test_a_dry_run_reports_that_new_reports_make_a_release_without_moving_a_tag(project: PublishProject) -> None:
    assert project.publish().code == 0
    scan = project.built.checkout.report(NEW, "scan")
    scan.write_text(scan.read_text().replace("0.0.0", "0.0.1"))
    dry_run = project.publish("--dry-run")
    assert dry_run.out.splitlines()[-1].strip() == (
        f"nothing to move, reports would be attached to 1 image, 1 image already published, release {_second(project)}."
    )
    done = project.publish()
    assert done.out == dry_run.out.replace("would be attached", "attached")
    assert project.release.id == _second(project)
    assert "nothing to move, 2 images already published.\n" in project.publish("--dry-run").out


def _second(project: PublishProject) -> str:
    return f"{project.release.id.partition('-')[0]}-2"


def test_a_new_build_moves_the_tags_and_keeps_the_immutable_tag_of_the_old_one(project: PublishProject) -> None:
    assert project.publish().code == 0
    before = project.release.entry(NEW)
    assert before
    lock = project.built.checkout.lock(NEW)
    text = lock.read_text()
    try:
        lock.write_text(text + "# a changed lock\n")
        stale = project.publish("--select", f"name={NEW}")
        assert stale.code == 1
        assert f"{NEW} on this engine is out of date with the checkout." in stale.err
        other = project.built.fill([planned for planned in project.variants if planned.name == NEW], b"other content")
        done = project.publish("--select", f"name={NEW}")
        project.built.client.images.remove(other[NEW], force=True)
    finally:
        lock.write_text(text)
    assert done.code == 0, done.summary
    after, tags = project.release.entry(NEW), project.tags()
    assert after
    assert after.digest != before.digest
    assert tags[before.tag] == before.digest
    assert tags[after.tag] == tags[NEW] == tags["latest"] == after.digest
    assert project.release.id.endswith("-2")


def test_an_immutable_tag_is_never_overwritten(project: PublishProject) -> None:
    assert project.publish().code == 0
    tags = project.tags()
    project.built.fill(
        [planned for planned in project.variants if planned.name == NEW], b"other content, same fingerprint"
    )
    for options in ((), ("--force",)):
        refused = project.publish("--select", f"name={NEW}", *options)
        assert refused.code == 5, refused.summary
        assert "already exists and is a different image" in refused.err
        assert project.tags() == tags


def test_only_what_passed_every_gate_is_published(project: PublishProject) -> None:
    project.built.checkout.report(NEW, "contract").unlink()
    done = project.publish()
    assert done.code == 5, done.summary
    assert f"{NEW} is not published: it has no contract report." in done.err
    assert f"`./build.py smoke --contract {NEW}`" in done.err
    assert "latest: not moved, unpublished" not in done.out
    tags = project.tags()
    assert OLD in tags
    assert not any("2.0.0" in tag or tag == "latest" for tag in tags)


def test_a_variant_that_is_not_built_is_reported(project: PublishProject, client: docker.DockerClient) -> None:
    client.images.remove(project.ids[NEW], force=True)
    done = project.publish()
    assert done.code == 1, done.summary
    assert f"{NEW} is not built on this engine." in done.err
    assert OLD in project.tags()


def test_an_unreachable_registry_does_not_stop_the_other(project: PublishProject) -> None:
    done = project.publish("--registry", "127.0.0.1:1/raydock", "--json")
    assert done.code == 4, done.summary
    assert "127.0.0.1:1 cannot be reached: Connection refused" in done.err
    assert NEW in project.tags()
    registries = json.loads(done.out)["registries"]
    assert [entry["registry"] for entry in registries] == [project.name, "127.0.0.1:1/raydock"]
    assert "cannot be reached" in registries[1]["error"]


def test_two_registries_get_the_same_tags(project: PublishProject, serve: Serve, tmp_path: Path) -> None:
    other = serve(folder=tmp_path / "other")
    done = project.publish("--registry", f"{other.address}/mirror")
    assert done.code == 0, done.summary
    assert f"{other.address}/mirror" in done.out
    tags = project.tags()
    mirror = repository(f"{other.address}/mirror")
    assert {tag: mirror.digest(tag) for tag in tags} == tags


def test_the_engine_keeps_no_tag_of_a_publish(project: PublishProject, client: docker.DockerClient) -> None:
    assert project.publish().code == 0
    tags = client.images.get(project.ids[NEW]).tags
    assert tags == [f"{project.toy.registry}:{NEW}"]


def test_force_fixes_what_verify_reports(project: PublishProject) -> None:
    assert project.publish().code == 0
    images, release = project.images, project.release
    old, new = release.entry(OLD), release.entry(NEW)
    assert old
    assert new
    blob = verify_image(images, new.digest).parts[1].digest
    for path in (f"blobs/{blob}", f"manifests/{new.attached['smoke.json']}"):
        images.transport.request("DELETE", f"{PATH}/{path}", doing="deleting", repository=PATH, expect=frozenset({202}))
    images.push_manifest("latest", verify_image(images, old.digest))
    assert project.run("verify", "--registry", project.name).code == 1
    assert "nothing to move" in project.publish().out
    done = project.publish("--force")
    assert done.code == 0, done.summary
    verified = project.run("verify", "--registry", project.name)
    assert verified.code == 0, verified.summary
