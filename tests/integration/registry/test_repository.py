"""A repository against Debian's docker-registry."""

import base64
import json
from pathlib import Path
from threading import Event

import pytest
from docker.auth import INDEX_NAME

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.core.files import digest_of
from raydock.registry.integrity import verify_image
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, OCI_MANIFEST, Manifest, artifact
from raydock.registry.name import parse
from raydock.registry.referrers import attach, attached, fallback_tag
from raydock.registry.repository import Repository, UnreadableError, repository
from tests.integration.registry.conftest import HASTY, Serve
from tests.support.faults import Front, front
from tests.support.registry import Registry


def made(there: Repository, text: bytes = b"layer", subject: Manifest | None = None) -> Manifest:
    """A manifest whose blobs are in the repository."""
    there.upload(EMPTY, EMPTY_TYPE)
    layer = there.upload(text, "text/plain")
    return artifact("text/x-test", [(layer, "a.txt")], subject.descriptor if subject else None, {})


def test_a_tag_names_what_was_put_under_it(there: Repository) -> None:
    assert there.digest("one") is None
    assert there.manifest("one") is None
    assert there.tags() == ()
    manifest = made(there)
    there.push_manifest("one", manifest)
    assert there.digest("one") == manifest.digest
    assert there.manifest("one") == manifest
    assert there.manifest(manifest.digest) == manifest
    assert there.tags() == ("one",)


def test_a_blob_is_uploaded_once(fronted: Front) -> None:
    there = repository(f"{fronted.address}/raydock", patience=HASTY)
    found = there.upload(b"some bytes", "text/plain")
    assert there.blob(found.digest) == b"some bytes"
    assert [method for method, _ in fronted.writes] == ["POST", "PATCH", "PUT"]
    there.upload(b"some bytes", "text/plain")
    assert [method for method, _ in fronted.writes] == ["POST", "PATCH", "PUT"]


def test_more_tags_than_one_answer_holds_are_all_listed(fronted: Front) -> None:
    there = repository(f"{fronted.address}/raydock", patience=HASTY)

    def page(_method: str, path: str) -> int:
        last = "last=" in path
        fronted.headers = {} if last else {"Link": '</v2/raydock/tags/list?n=2&last=b>; rel="next"'}
        fronted.body = json.dumps({"tags": ["c"] if last else ["a", "b"]}).encode()
        return 200

    fronted.fault = page
    assert there.tags() == ("a", "b", "c")


def test_an_image_that_lacks_a_blob_is_not_whole(empty: Registry, there: Repository) -> None:
    manifest = made(there)
    there.push_manifest("one", manifest)
    assert verify_image(there, manifest.digest) == manifest
    digest = digest_of(b"layer").removeprefix("sha256:")
    (empty.storage / f"docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data").unlink()
    with pytest.raises(UnreadableError, match="lacks its blob"):
        verify_image(there, manifest.digest)


def test_bytes_that_are_not_those_of_the_digest_are_refused(empty: Registry, there: Repository) -> None:
    manifest = made(there)
    there.push_manifest("one", manifest)
    name = digest_of(b"layer").removeprefix("sha256:")
    path = empty.storage / f"docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"
    path.write_bytes(b"other")
    with pytest.raises(UnreadableError, match="is damaged"):
        there.blob(digest_of(b"layer"))


def test_what_is_attached_is_found_where_the_registry_lacks_the_api(there: Repository) -> None:
    image = made(there)
    there.push_manifest("one", image)
    first, second = made(there, b"first", image), made(there, b"second", image)
    assert attach(there, image.descriptor, {"first": first}) == {}
    assert attach(there, image.descriptor, {"first": first, "second": second}) == {}
    assert list(attached(there, image.digest)) == [first.digest, second.digest]
    assert fallback_tag(image.digest) in there.tags()
    assert attached(there, image.digest)[second.digest]["artifactType"] == "text/x-test"


def test_what_is_attached_is_found_by_the_api_and_needs_no_tag(fronted: Front) -> None:
    fronted.referrers = {}
    there = repository(f"{fronted.address}/raydock", patience=HASTY)
    image = made(there)
    there.push_manifest("one", image)
    assert attached(there, image.digest) == {}
    first, second = made(there, b"first", image), made(there, b"second", image)
    assert attach(there, image.descriptor, {"first": first}) == {}
    assert attach(there, image.descriptor, {"first": first, "second": second}) == {}
    assert list(attached(there, image.digest)) == [first.digest, second.digest]
    assert attached(there, image.digest)[second.digest]["artifactType"] == "text/x-test"
    assert there.tags() == ("one",)


def test_attaching_again_writes_nothing(fronted: Front) -> None:
    there = repository(f"{fronted.address}/raydock", patience=HASTY)
    image = made(there)
    there.push_manifest("one", image)
    first = made(there, b"first", image)
    assert attach(there, image.descriptor, {"first": first}) == {}
    before = len(fronted.writes)
    assert attach(there, image.descriptor, {"first": first}) == {}
    assert len(fronted.writes) == before


@pytest.mark.parametrize("code", [500, 429, 503])
def test_a_registry_that_fails_is_asked_again(fronted: Front, code: int) -> None:
    there = repository(f"{fronted.address}/raydock", patience=HASTY)

    def fault(_method: str, _path: str) -> int | None:
        # Every request fails at first.
        return code if len(fronted.asked) % 2 else None

    fronted.asked.clear()
    fronted.fault = fault
    manifest = made(there)
    there.push_manifest("one", manifest)
    assert there.digest("one") == manifest.digest


def test_a_registry_that_goes_on_failing_is_given_up(fronted: Front) -> None:
    there = repository(f"{fronted.address}/raydock", patience=HASTY)
    fronted.asked.clear()
    fronted.fault = lambda _method, _path: 500
    with pytest.raises(OutOfReachError, match="failed while looking for"):
        there.digest("one")
    assert len(fronted.asked) == 3


def test_a_registry_may_say_how_long_to_wait_but_not_forever(fronted: Front) -> None:
    there = repository(f"{fronted.address}/raydock", patience=HASTY)
    assert there.transport.patience.longest == 30
    fronted.headers["Retry-After"] = "0"
    codes = [429, None]
    fronted.fault = lambda _method, _path: codes.pop(0)
    assert there.digest("one") is None


def test_a_registry_that_hangs_is_given_up(fronted: Front) -> None:
    there = repository(f"{fronted.address}/raydock", patience=HASTY)
    hanging = Event()
    fronted.fault = lambda _method, _path: hanging.wait(20) and None
    with pytest.raises(OutOfReachError, match="gave no answer in time while looking for"):
        there.digest("one")
    hanging.set()


def test_nobody_there_is_out_of_reach() -> None:
    with pytest.raises(OutOfReachError, match=r"127\.0\.0\.1:1 cannot be reached: Connection refused while"):
        repository("127.0.0.1:1/raydock", patience=HASTY)


@pytest.mark.parametrize("words", ["raydock", "http://localhost:5000/raydock", "localhost:5000/raydock:tag", "a/B", ""])
def test_what_is_no_repository_is_refused(words: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a registry with a path"):
        parse(words)


@pytest.mark.parametrize("words", ["ray:n0b0dy@localhost:5000/raydock", "https://ray:n0b0dy@localhost:5000/raydock"])
def test_a_password_in_a_name_is_refused_and_not_repeated(words: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\.\.\.@localhost:5000/raydock' is not a registry") as refused:
        parse(words)
    assert "n0b0dy" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "loopback"),
    [("localhost:5000/a", True), ("127.0.0.2/a", True), ("10.0.0.1:5000/a", False), ("localhost.example/a", False)],
)
def test_loopback_is_this_machine_alone(name: str, loopback: bool) -> None:
    assert parse(name).loopback is loopback


def test_the_default_registrys_api_is_on_a_host_of_its_own() -> None:
    assert parse(f"{INDEX_NAME}/ml/raydock").api == f"registry-1.{INDEX_NAME}"
    assert parse("localhost:5000/raydock").api == "localhost:5000"


def test_a_manifest_that_is_no_image_is_not_whole(there: Repository) -> None:
    manifest = made(there)
    listed = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
    there.push_manifest("one", manifest)
    there.push_manifest("list", Manifest(media_type=str(listed["mediaType"]), data=json.dumps(listed).encode()))
    with pytest.raises(UnreadableError, match="is not an image"):
        verify_image(there, there.digest("list") or "")
    assert manifest.media_type == OCI_MANIFEST


def test_what_answers_as_no_registry_is_out_of_reach(fronted: Front) -> None:
    fronted.fault = lambda _method, _path: 404
    with pytest.raises(OutOfReachError, match=r"does not answer as a registry: http://.*/v2/ gives 404"):
        repository(f"{fronted.address}/raydock", patience=HASTY)


def test_credentials_go_nowhere_but_to_the_registry(fronted: Front, serve: Serve, nobody: Path) -> None:
    auth = base64.b64encode(b"ray:secret").decode()
    (nobody / "config.json").write_text(json.dumps({"auths": {fronted.address: {"auth": auth}}}))
    with front(serve(folder=nobody).address) as elsewhere:

        def fault(method: str, _path: str) -> int | None:
            fronted.headers = {"WWW-Authenticate": 'Basic realm="x"'}
            if not fronted.authorizations[-1]:
                return 401
            fronted.headers = {"Location": f"http://{elsewhere.address}/v2/raydock/blobs/uploads/1"}
            return 202 if method == "POST" else None

        fronted.fault = fault
        elsewhere.fault = lambda method, _path: 202 if method == "PATCH" else 201
        repository(f"{fronted.address}/raydock", patience=HASTY).upload(b"layer", "text/plain")
        assert fronted.authorizations[-1].startswith("Basic ")
        assert elsewhere.authorizations == ["", ""]
