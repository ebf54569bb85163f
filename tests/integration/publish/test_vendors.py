"""`publish` to registries that differ from Debian's docker-registry, which is behind each front."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from raydock.publish.tags import immutable
from raydock.registry.referrers import attached
from tests.integration.publish.conftest import PATH, TOOLS, Stall
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
def fronted(stall: Stall) -> Iterator[Front]:
    with front(stall.address) as found:
        yield found


@pytest.fixture
def faced(stall: Stall, fronted: Front) -> Stall:
    """The stall with its registry behind the front."""
    return replace(stall, address=fronted.address)


def rebuilt(stall: Stall) -> Iterator[None]:
    """A newer build of one variant, as a new lock makes it; takes the lock back."""
    lock = stall.shelf.checkout.lock(NEW)
    text = lock.read_text()
    lock.write_text(text + "# a newer lock\n")
    ids = stall.shelf.fill([item for item in stall.variants if item.name == NEW], b"newer content")
    yield
    stall.shelf.client.images.remove(ids[NEW], force=True)
    lock.write_text(text)


@pytest.fixture
def rebuild(stall: Stall) -> Iterator[Iterator[None]]:
    """`next` of it makes the newer build, which is removed afterwards."""
    steps = rebuilt(stall)
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
def test_whatever_is_in_place_of_the_referrers_api(faced: Stall, fronted: Front, answer: Answer | None) -> None:
    fronted.fault = answers_referrers(answer) if answer else takes_the_tag_for_the_digest(fronted, writable=True)
    first = faced.publish(*ONE)
    assert first.code == 0, first.words
    assert "not attached" not in first.words
    again = faced.publish(*ONE)
    assert again.code == 0, again.words
    assert "nothing to move, 1 image published before." in again.out
    verified = faced.run("verify", "--registry", faced.name, "--require-attachments")
    assert verified.code == 0, verified.words


def test_a_registry_with_the_referrers_api(stall: Stall) -> None:
    with referrers_registry(TOOLS) as address:
        there = replace(stall, address=address)
        done = there.publish("--require-attachments")
        assert done.code == 0, done.words
        entry = there.release.entry(NEW)
        assert entry
        assert set(attached(there.images, entry.digest)) == set(entry.attached.values())
        assert len(entry.attached) == 6
        assert not [tag for tag in there.images.tags() if tag.startswith("sha256-")]
        verified = there.run("verify", "--registry", there.name)
        assert verified.code == 0, verified.words
        assert "nothing to move, 2 images published before." in there.publish().out


def test_what_cannot_be_attached_does_not_stop_the_image_and_is_added_later(faced: Stall, fronted: Front) -> None:
    fronted.fault = takes_the_tag_for_the_digest(fronted, writable=False)
    done = faced.publish(*ONE)
    assert done.code == 0, done.words
    assert f"{NEW}: not attached: smoke.json, contract.json" in done.out
    assert {NEW, "latest"} < set(faced.tags())
    entry, first = faced.release.entry(NEW), faced.release.id
    assert entry
    assert (len(entry.unattached), entry.attached) == (6, {})
    verified = faced.run("verify", "--registry", faced.name)
    assert verified.code == 0, verified.words
    assert f"{entry.tag}: not attached, since the registry did not store them: smoke.json" in verified.out
    assert faced.run("verify", "--registry", faced.name, "--require-attachments").code == 1
    told = json.loads(faced.run("verify", "--registry", faced.name, "--json").out)
    assert told["unattached"] == {entry.tag: list(entry.unattached)}
    picked = faced.run("pick", "--gpu", "none", "--registry", faced.name, "--json")
    assert json.loads(picked.out)["hints"] == [f"not attached to it in its registry: {', '.join(entry.unattached)}"]

    again = faced.publish(*ONE, "--json")
    assert again.code == 0, again.words
    [result] = json.loads(again.out)["registries"]
    assert (result["release"], result["attached"], result["unchanged"]) == (None, [], [NEW])
    assert "DIGEST_INVALID" in result["unattached"][NEW]["reason"]
    pretended = faced.publish(*ONE, "--dry-run")
    assert f"{NEW}: not attached: " in pretended.out
    assert faced.release.id == first

    fronted.fault = lambda _method, _path: None
    mended = faced.publish(*ONE)
    assert mended.code == 0, mended.words
    assert "nothing to move, reports attached to 1 image, release" in mended.out
    complete = faced.release.entry(NEW)
    assert complete
    assert complete == replace(entry, files=complete.files, attached=complete.attached)
    assert complete.unattached == ()
    assert faced.run("verify", "--registry", faced.name, "--require-attachments").code == 0


def test_attachments_may_be_required(faced: Stall, fronted: Front) -> None:
    def refuses(method: str, path: str) -> Answer | None:
        manifest = method == "PUT" and "/manifests/sha256:" in path
        return error(400, "MANIFEST_INVALID", "unknown media type") if manifest else None

    fronted.fault = refuses
    refused = faced.publish("--require-attachments")
    assert refused.code == 4, refused.words
    assert "--require-attachments is given: the image is pushed, and no tag that moves names it." in refused.err
    assert all(re.search(r"\.[0-9a-f]{12}$", tag) for tag in faced.tags())
    fronted.fault = lambda _method, _path: None
    done = faced.publish("--require-attachments")
    assert done.code == 0, done.words
    assert {OLD, NEW, "latest"} < set(faced.tags())


def test_one_file_that_is_too_large_is_the_only_one_that_is_not_attached(faced: Stall, fronted: Front) -> None:
    smoke = faced.shelf.checkout.report(NEW)
    report = json.loads(smoke.read_text())
    report["checks"][0]["detail"] = os.urandom(100_000).hex()
    smoke.write_text(json.dumps(report))
    fronted.largest = 100_000
    # The release holds what the reports say, and must fit.
    done = faced.publish(*ONE)
    assert done.code == 4, done.words
    assert "client_max_body_size" in done.err
    assert NEW not in faced.tags()
    smoke.write_text(json.dumps(report | {"checks": [report["checks"][0] | {"detail": "right"}]}) + " " * 200_000)
    done = faced.publish(*ONE)
    assert done.code == 0, done.words
    assert f"{NEW}: not attached: smoke.json: " in done.out
    entry = faced.release.entry(NEW)
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
def test_a_registry_without_nested_repositories(faced: Stall, fronted: Front, answer: Answer, reads: bool) -> None:
    fronted.fault = refuses_repository(INDEX, answer, reads=reads)
    for _ in ("first", "again"):
        stopped = faced.publish(*ONE)
        assert stopped.code == 4, stopped.words
        assert f"`--release-repository {faced.name}-index`" in stopped.err
        assert faced.tags() == {}
    elsewhere = ("--release-repository", f"{faced.name}-index")
    done = faced.publish(*ONE, *elsewhere)
    assert done.code == 0, done.words
    assert {NEW, "latest"} < set(faced.tags())
    for words in (("verify",), ("pick", "--gpu", "none"), ("deploy", "kuberay", NEW)):
        asked = faced.run(*words, "--registry", faced.name, *elsewhere)
        assert asked.code == 0, asked.words
        by_environment = faced.run(*words, "--registry", faced.name, RAYDOCK_RELEASE_REPOSITORY=elsewhere[1])
        assert by_environment.out == asked.out
        without = faced.run(*words, "--registry", faced.name)
        assert without.code == (4 if reads else 2), without.words
        assert "--release-repository" in without.err


@pytest.mark.parametrize("answer", [error(401, "UNAUTHORIZED", "access to the resource is not authorized"), DENIED])
def test_repositories_that_come_into_being_when_they_are_written(faced: Stall, fronted: Front, answer: Answer) -> None:
    fronted.fault = created_by_writing(answer)
    done = faced.publish(*ONE)
    assert done.code == 0, done.words
    assert {NEW, "latest"} < set(faced.tags())


def test_the_release_may_be_among_the_images(faced: Stall, fronted: Front) -> None:
    """For registries where even a second repository is too many."""
    fronted.fault = must_be_created(PATH)
    among = ("--release-repository", faced.name)
    done = faced.publish(*among)
    assert done.code == 0, done.words
    tags = faced.tags()
    assert {"latest", "release", NEW} < set(tags)
    assert tags["latest"] == tags[NEW] != tags["release"]
    verified = faced.run("verify", "--registry", faced.name, *among)
    assert verified.code == 0, verified.words
    assert "nothing to move" in faced.publish(*among).out


def test_two_registries_cannot_share_a_release(stall: Stall) -> None:
    done = stall.publish("--registry", f"{stall.name}2", "--release-repository", f"{stall.name}-index")
    assert done.code == 2, done.words
    assert "cannot store the releases of 2 registries" in done.err


def test_repositories_that_must_be_created_are_all_named_before_anything_is_pushed(
    faced: Stall, fronted: Front
) -> None:
    for created, missing in (((), (PATH, INDEX)), ((PATH,), (INDEX,)), ((INDEX,), (PATH,))):
        fronted.fault = must_be_created(*created)
        stopped = faced.publish(*ONE)
        assert stopped.code == 4, stopped.words
        named = re.findall(r"create the repository (\S+) at", stopped.err)
        assert tuple(named) == missing
        assert "Nothing was pushed." in stopped.err
        assert not [path for method, path in fronted.asked if method == "PUT" and "/manifests/" in path]
    fronted.fault = must_be_created(PATH, INDEX)
    done = faced.publish(*ONE)
    assert done.code == 0, done.words
    assert {NEW, "latest"} < set(faced.tags())


@pytest.mark.parametrize("answer", [ECR, HARBOR, NEXUS, PLAIN], ids=["ecr", "harbor", "nexus", "denied"])
def test_tags_that_cannot_move_are_named_and_none_moves(
    faced: Stall, fronted: Front, answer: Answer, rebuild: Iterator[None]
) -> None:
    fronted.fault = immutable_tags(fronted, answer)
    done = faced.publish()
    assert done.code == 0, done.words
    before, release = faced.tags(), faced.releases.repository.digest("latest")
    again = faced.publish()
    assert again.code == 0, again.words
    next(rebuild)
    stopped = faced.publish()
    assert stopped.code == 4, stopped.words
    for tag in (NEW, "2.0.0", "2.0.0-py311", "2.0.0-py311-cpu", "latest"):
        assert re.search(rf"exempt these tags .*\b{re.escape(tag)}\b", stopped.err), stopped.err
    assert f"latest in {faced.name}/index" in stopped.err
    pushed = {tag: digest for tag, digest in faced.tags().items() if tag not in before}
    assert {tag: digest for tag, digest in faced.tags().items() if tag in before} == before
    assert list(pushed) == [immutable(NEW, faced.shelf.recipes(faced.variants)[NEW].fingerprint)]
    assert faced.releases.repository.digest("latest") == release
    fronted.fault = lambda _method, _path: None
    continued = faced.publish()
    assert continued.code == 0, continued.words
    assert faced.tags()["latest"] == next(iter(pushed.values()))
    assert faced.run("verify", "--registry", faced.name).code == 0


@pytest.mark.parametrize("refused", ["latest", "2.0.0", "index"])
def test_a_tag_that_is_refused_after_others_moved_takes_them_back(
    faced: Stall, fronted: Front, refused: str, rebuild: Iterator[None]
) -> None:
    assert faced.publish().code == 0
    before, release = faced.tags(), faced.release
    next(rebuild)
    place = f"/v2/{INDEX}/manifests/latest" if refused == "index" else f"/v2/{PATH}/manifests/{refused}"
    changed = faced.release.entry(NEW)
    assert changed

    def fault(method: str, path: str) -> Answer | None:
        return ECR if (method, path) == ("PUT", place) else None

    fronted.fault = fault
    stopped = faced.publish()
    assert stopped.code == 4, stopped.words
    assert {tag: digest for tag, digest in faced.tags().items() if tag in before} == before
    assert faced.release == release
    assert faced.run("verify", "--registry", faced.name).code == 0
    fronted.fault = lambda _method, _path: None
    assert faced.publish().code == 0
    assert faced.tags()["latest"] != before["latest"]
    assert faced.run("verify", "--registry", faced.name).code == 0


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
def test_a_layer_that_is_refused_stops_the_publish_and_it_goes_on_later(
    faced: Stall, fronted: Front, limit: bool, answer: Answer | None, setting: str
) -> None:
    faced.shelf.fill([item for item in faced.variants if item.name == NEW], os.urandom(3_000_000))

    def fault(method: str, path: str) -> Answer | None:
        return answer if method == "PATCH" and len(fronted.asked) > 20 else None

    fronted.largest, fronted.fault = (1_000_000 if limit else None), fault
    stopped = faced.publish()
    assert stopped.code == 4, stopped.words
    assert setting in stopped.err
    assert not {OLD, NEW, "latest"} & set(faced.tags())
    fronted.largest, fronted.fault = None, lambda _method, _path: None
    done = faced.publish()
    assert done.code == 0, done.words
    assert {OLD, NEW, "latest"} < set(faced.tags())
