"""`publish` to registries that differ from Debian's docker-registry, which is behind each front."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from raydock.publish.release import immutable_tag
from raydock.registry.referrers import attached
from tests.integration.publish.conftest import PATH, TOOLS, PublishProject
from tests.support.faults import Answer, Front, front
from tests.support.registry import referrers_registry
from tests.support.toy import NAMES
from tests.support.vendors import (
    answers_referrers,
    created_by_writing,
    error,
    immutable_tags,
    must_be_created,
    refuses_repository,
    takes_the_tag_for_the_digest,
)

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

OLD, NEW = NAMES
ONE = ("--select", f"name={NEW}")
INDEX = f"{PATH}/index"
DENIED = error(403, "DENIED", "requested access to the resource is denied")
ECR = error(400, "TAG_INVALID", "The image tag already exists and cannot be overwritten because the tag is immutable.")
HARBOR = error(412, "PRECONDITION", "Failed to process request due to 'raydock' configured as immutable.")
NEXUS = error(400, "BLOB_UPLOAD_INVALID", "Repository does not allow updating assets: docker-hosted")
PLAIN = error(403, "DENIED", "requested access to the resource is denied")


@pytest.fixture
def fronted(project: PublishProject) -> Iterator[Front]:
    with front(project.address) as proxy:
        yield proxy


@pytest.fixture
def proxied(project: PublishProject, fronted: Front) -> PublishProject:
    """The project with its registry behind the front."""
    return replace(project, address=fronted.address)


def rebuilt(project: PublishProject) -> Iterator[None]:
    """A newer build of one variant, as a new lock makes it; restores the lock."""
    lock = project.built.checkout.lock(NEW)
    text = lock.read_text()
    lock.write_text(text + "# a newer lock\n")
    ids = project.built.fill([planned for planned in project.variants if planned.name == NEW], b"newer content")
    yield
    project.built.client.images.remove(ids[NEW], force=True)
    lock.write_text(text)


@pytest.fixture
def rebuild(project: PublishProject) -> Iterator[Iterator[None]]:
    """`next` of it makes the newer build, which is removed afterwards."""
    steps = rebuilt(project)
    yield steps
    for _ in steps:
        pass


REFERRERS = [
    Answer(code=400, headers={"Content-Type": "application/json"}, body=b'{"errors": [{"code": "UNSUPPORTED"}]}'),
    Answer(code=403),
    Answer(code=405),
    Answer(code=200, headers={"Content-Type": "text/html"}, body=b"<!doctype html><html></html>"),
]


@pytest.mark.parametrize("answer", [*REFERRERS, None], ids=["400", "403", "405", "html", "gitlab"])
def test_registries_without_the_referrers_api(proxied: PublishProject, fronted: Front, answer: Answer | None) -> None:
    fronted.fault = answers_referrers(answer) if answer else takes_the_tag_for_the_digest(fronted, writable=True)
    first = proxied.publish(*ONE)
    assert first.code == 0, first.summary
    assert "not attached" not in first.summary
    again = proxied.publish(*ONE)
    assert again.code == 0, again.summary
    assert "nothing to move, 1 image already published." in again.out
    verified = proxied.run("verify", "--registry", proxied.name, "--require-attachments")
    assert verified.code == 0, verified.summary


def test_a_registry_with_the_referrers_api(project: PublishProject) -> None:
    with referrers_registry(TOOLS) as address:
        other = replace(project, address=address)
        done = other.publish("--require-attachments")
        assert done.code == 0, done.summary
        entry = other.release.entry(NEW)
        assert entry
        assert set(attached(other.images, entry.digest)) == set(entry.attached.values())
        assert len(entry.attached) == 6
        assert not [tag for tag in other.images.tags() if tag.startswith("sha256-")]
        verified = other.run("verify", "--registry", other.name)
        assert verified.code == 0, verified.summary
        assert "nothing to move, 2 images already published." in other.publish().out


def test_files_that_cannot_be_attached_do_not_stop_the_image_and_are_attached_later(
    proxied: PublishProject, fronted: Front
) -> None:
    fronted.fault = takes_the_tag_for_the_digest(fronted, writable=False)
    done = proxied.publish(*ONE)
    assert done.code == 0, done.summary
    assert f"{NEW}: not attached: smoke.json, contract.json" in done.out
    assert {NEW, "latest"} < set(proxied.tags())
    entry, first = proxied.release.entry(NEW), proxied.release.id
    assert entry
    assert (len(entry.unattached), entry.attached) == (6, {})
    verified = proxied.run("verify", "--registry", proxied.name)
    assert verified.code == 0, verified.summary
    assert f"{entry.tag}: not attached because the registry did not store them: smoke.json" in verified.out
    assert proxied.run("verify", "--registry", proxied.name, "--require-attachments").code == 1
    report = json.loads(proxied.run("verify", "--registry", proxied.name, "--json").out)
    assert report["unattached"] == {entry.tag: list(entry.unattached)}
    picked = proxied.run("pick", "--gpu", "none", "--registry", proxied.name, "--json")
    assert json.loads(picked.out)["hints"] == [
        f"not attached to the image in its registry: {', '.join(entry.unattached)}"
    ]

    again = proxied.publish(*ONE, "--json")
    assert again.code == 0, again.summary
    [result] = json.loads(again.out)["registries"]
    assert (result["release"], result["attached"], result["unchanged"]) == (None, [], [NEW])
    assert "DIGEST_INVALID" in result["unattached"][NEW]["reason"]
    dry_run = proxied.publish(*ONE, "--dry-run")
    assert f"{NEW}: not attached: " in dry_run.out
    assert proxied.release.id == first

    fronted.fault = lambda _method, _path: None
    fixed = proxied.publish(*ONE)
    assert fixed.code == 0, fixed.summary
    assert "nothing to move, reports attached to 1 image, release" in fixed.out
    complete = proxied.release.entry(NEW)
    assert complete
    assert complete == replace(entry, files=complete.files, attached=complete.attached)
    assert complete.unattached == ()
    assert proxied.run("verify", "--registry", proxied.name, "--require-attachments").code == 0


def test_attachments_can_be_required(proxied: PublishProject, fronted: Front) -> None:
    def refuses(method: str, path: str) -> Answer | None:
        manifest = method == "PUT" and "/manifests/sha256:" in path
        return error(400, "MANIFEST_INVALID", "unknown media type") if manifest else None

    fronted.fault = refuses
    refused = proxied.publish("--require-attachments")
    assert refused.code == 4, refused.summary
    assert "--require-attachments is set: the image is pushed, but no movable tag names it." in refused.err
    assert all(re.search(r"\.[0-9a-f]{12}$", tag) for tag in proxied.tags())
    fronted.fault = lambda _method, _path: None
    done = proxied.publish("--require-attachments")
    assert done.code == 0, done.summary
    assert {OLD, NEW, "latest"} < set(proxied.tags())


def test_a_file_that_is_too_large_is_the_only_one_not_attached(proxied: PublishProject, fronted: Front) -> None:
    smoke = proxied.built.checkout.report(NEW)
    report = json.loads(smoke.read_text())
    report["checks"][0]["detail"] = os.urandom(100_000).hex()
    smoke.write_text(json.dumps(report))
    fronted.largest = 100_000
    # The release contains the reports, and must fit.
    done = proxied.publish(*ONE)
    assert done.code == 4, done.summary
    assert "client_max_body_size" in done.err
    assert NEW not in proxied.tags()
    smoke.write_text(json.dumps(report | {"checks": [report["checks"][0] | {"detail": "right"}]}) + " " * 200_000)
    done = proxied.publish(*ONE)
    assert done.code == 0, done.summary
    assert f"{NEW}: not attached: smoke.json: " in done.out
    entry = proxied.release.entry(NEW)
    assert entry
    assert (len(entry.attached), entry.unattached) == (5, ("smoke.json",))


@pytest.mark.parametrize(
    ("answer", "reads"),
    [
        (DENIED, True),
        (error(401, "UNAUTHORIZED", "authentication required"), True),
        (error(404, "NAME_UNKNOWN", "repository name not known to registry"), False),
        (error(400, "NAME_INVALID", "invalid repository name"), True),
        (error(404, "NOT_FOUND", "project not found"), False),
        (DENIED, False),
    ],
    ids=["denied", "unauthorized", "unknown", "invalid", "project", "read-only"],
)
def test_a_registry_without_nested_repositories(
    proxied: PublishProject, fronted: Front, answer: Answer, reads: bool
) -> None:
    fronted.fault = refuses_repository(INDEX, answer, reads=reads)
    for _ in ("first", "again"):
        stopped = proxied.publish(*ONE)
        assert stopped.code == 4, stopped.summary
        assert f"`--release-repository {proxied.name}-index`" in stopped.err
        assert proxied.tags() == {}
    elsewhere = ("--release-repository", f"{proxied.name}-index")
    done = proxied.publish(*ONE, *elsewhere)
    assert done.code == 0, done.summary
    assert {NEW, "latest"} < set(proxied.tags())
    for arguments in (("verify",), ("pick", "--gpu", "none"), ("deploy", "kuberay", NEW)):
        done = proxied.run(*arguments, "--registry", proxied.name, *elsewhere)
        assert done.code == 0, done.summary
        by_environment = proxied.run(*arguments, "--registry", proxied.name, RAYDOCK_RELEASE_REPOSITORY=elsewhere[1])
        assert by_environment.out == done.out
        without = proxied.run(*arguments, "--registry", proxied.name)
        assert without.code == (4 if reads else 2), without.summary
        assert "--release-repository" in without.err


@pytest.mark.parametrize("answer", [error(401, "UNAUTHORIZED", "access to the resource is not authorized"), DENIED])
def test_repositories_that_are_created_by_the_first_write(
    proxied: PublishProject, fronted: Front, answer: Answer
) -> None:
    fronted.fault = created_by_writing(answer)
    done = proxied.publish(*ONE)
    assert done.code == 0, done.summary
    assert {NEW, "latest"} < set(proxied.tags())


def test_the_release_can_be_in_the_image_repository(proxied: PublishProject, fronted: Front) -> None:
    """For registries that do not allow a second repository."""
    fronted.fault = must_be_created(PATH)
    among = ("--release-repository", proxied.name)
    done = proxied.publish(*among)
    assert done.code == 0, done.summary
    tags = proxied.tags()
    assert {"latest", "release", NEW} < set(tags)
    assert tags["latest"] == tags[NEW] != tags["release"]
    verified = proxied.run("verify", "--registry", proxied.name, *among)
    assert verified.code == 0, verified.summary
    assert "nothing to move" in proxied.publish(*among).out


def test_two_registries_cannot_share_a_release(project: PublishProject) -> None:
    done = project.publish("--registry", f"{project.name}2", "--release-repository", f"{project.name}-index")
    assert done.code == 2, done.summary
    assert "cannot store the releases of 2 registries" in done.err


def test_all_missing_repositories_are_reported_before_anything_is_pushed(
    proxied: PublishProject, fronted: Front
) -> None:
    for created, missing in (((), (PATH, INDEX)), ((PATH,), (INDEX,)), ((INDEX,), (PATH,))):
        fronted.fault = must_be_created(*created)
        stopped = proxied.publish(*ONE)
        assert stopped.code == 4, stopped.summary
        named = re.findall(r"create the repository (\S+) at", stopped.err)
        assert tuple(named) == missing
        assert "Nothing was pushed." in stopped.err
        assert not [path for method, path in fronted.requests if method == "PUT" and "/manifests/" in path]
    fronted.fault = must_be_created(PATH, INDEX)
    done = proxied.publish(*ONE)
    assert done.code == 0, done.summary
    assert {NEW, "latest"} < set(proxied.tags())


@pytest.mark.parametrize("answer", [ECR, HARBOR, NEXUS, PLAIN], ids=["ecr", "harbor", "nexus", "denied"])
def test_tags_that_cannot_move_are_reported_and_none_moves(
    proxied: PublishProject, fronted: Front, answer: Answer, rebuild: Iterator[None]
) -> None:
    fronted.fault = immutable_tags(fronted, answer)
    done = proxied.publish()
    assert done.code == 0, done.summary
    before, release = proxied.tags(), proxied.releases.repository.digest("latest")
    again = proxied.publish()
    assert again.code == 0, again.summary
    next(rebuild)
    stopped = proxied.publish()
    assert stopped.code == 4, stopped.summary
    for tag in (NEW, "2.0.0", "2.0.0-py311", "2.0.0-py311-cpu", "latest"):
        assert re.search(rf"exempt these tags .*\b{re.escape(tag)}\b", stopped.err), stopped.err
    assert f"latest in {proxied.name}/index" in stopped.err
    pushed = {tag: digest for tag, digest in proxied.tags().items() if tag not in before}
    assert {tag: digest for tag, digest in proxied.tags().items() if tag in before} == before
    assert list(pushed) == [immutable_tag(NEW, proxied.built.recipes(proxied.variants)[NEW].fingerprint)]
    assert proxied.releases.repository.digest("latest") == release
    fronted.fault = lambda _method, _path: None
    continued = proxied.publish()
    assert continued.code == 0, continued.summary
    assert proxied.tags()["latest"] == next(iter(pushed.values()))
    assert proxied.run("verify", "--registry", proxied.name).code == 0


@pytest.mark.parametrize("refused", ["latest", "2.0.0", "index"])
def test_a_refused_tag_moves_the_others_back(
    proxied: PublishProject, fronted: Front, refused: str, rebuild: Iterator[None]
) -> None:
    assert proxied.publish().code == 0
    before, release = proxied.tags(), proxied.release
    next(rebuild)
    place = f"/v2/{INDEX}/manifests/latest" if refused == "index" else f"/v2/{PATH}/manifests/{refused}"
    changed = proxied.release.entry(NEW)
    assert changed

    def fault(method: str, path: str) -> Answer | None:
        return ECR if (method, path) == ("PUT", place) else None

    fronted.fault = fault
    stopped = proxied.publish()
    assert stopped.code == 4, stopped.summary
    assert {tag: digest for tag, digest in proxied.tags().items() if tag in before} == before
    assert proxied.release == release
    assert proxied.run("verify", "--registry", proxied.name).code == 0
    fronted.fault = lambda _method, _path: None
    assert proxied.publish().code == 0
    assert proxied.tags()["latest"] != before["latest"]
    assert proxied.run("verify", "--registry", proxied.name).code == 0


@pytest.mark.parametrize("refused", ["latest", "index"])
def test_a_refused_first_publish_leaves_no_release_and_names_its_new_tags(
    proxied: PublishProject, fronted: Front, refused: str
) -> None:
    place = f"/v2/{INDEX if refused == 'index' else PATH}/manifests/latest"
    fronted.fault = lambda method, path: DENIED if (method, path) == ("PUT", place) else None
    stopped = proxied.publish()
    assert stopped.code == 4, stopped.summary
    assert "No existing tag changed, and no release was made." in stopped.err
    named = re.search(r"These new tags may remain, and name complete images: (.+)\.", stopped.err)
    assert named, stopped.err
    tags = proxied.tags()
    immutable = {tag: digest for tag, digest in tags.items() if re.search(r"\.[0-9a-f]{12}$", tag)}
    remaining = tags.keys() - immutable
    assert {OLD, NEW} <= remaining <= set(named[1].split(", "))
    assert {tags[tag] for tag in remaining} <= set(immutable.values())
    assert proxied.releases.repository.digest("latest") is None
    fronted.fault = lambda _method, _path: None
    continued = proxied.publish()
    assert continued.code == 0, continued.summary
    assert tags.items() <= proxied.tags().items()
    assert proxied.release.aliases.keys() <= proxied.tags().keys()
    assert proxied.run("verify", "--registry", proxied.name).code == 0


@pytest.mark.parametrize(
    ("limit", "answer", "setting"),
    [
        (True, None, "client_max_body_size 0"),
        (
            False,
            error(
                403,
                "DENIED",
                "adding 29.0 MiB of storage resource, which when updated to current usage of 152.4 MiB "
                "will exceed the configured upper limit of 10.0 MiB.",
            ),
            "raise the quota",
        ),
    ],
    ids=["body-limit", "quota"],
)
def test_a_refused_layer_stops_the_publish_and_the_next_run_continues(
    proxied: PublishProject, fronted: Front, limit: bool, answer: Answer | None, setting: str
) -> None:
    proxied.built.fill([planned for planned in proxied.variants if planned.name == NEW], os.urandom(3_000_000))

    def fault(method: str, path: str) -> Answer | None:
        return answer if method == "PATCH" and len(fronted.requests) > 20 else None

    fronted.largest, fronted.fault = (1_000_000 if limit else None), fault
    stopped = proxied.publish()
    assert stopped.code == 4, stopped.summary
    assert setting in stopped.err
    assert not {OLD, NEW, "latest"} & set(proxied.tags())
    fronted.largest, fronted.fault = None, lambda _method, _path: None
    done = proxied.publish()
    assert done.code == 0, done.summary
    assert {OLD, NEW, "latest"} < set(proxied.tags())
