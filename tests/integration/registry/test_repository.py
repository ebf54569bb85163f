"""A repository against Debian's docker-registry."""

import base64
import json
from pathlib import Path
from threading import Event

import pytest
from docker.auth import INDEX_NAME

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.core.files import digest_of
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, OCI_MANIFEST, Manifest, artifact
from raydock.registry.name import parse
from raydock.registry.referrers import attach, attached, fallback_tag
from raydock.registry.repository import Repository, UnreadableError, repository, verify_image
from tests.integration.registry.conftest import HASTY, Serve
from tests.support.faults import Front, front
from tests.support.registry import Registry


def made(target: Repository, text: bytes = b"layer", subject: Manifest | None = None) -> Manifest:
    """A manifest whose blobs are in the repository."""
    target.upload(EMPTY, EMPTY_TYPE)
    layer = target.upload(text, "text/plain")
    return artifact("text/x-test", [(layer, "a.txt")], subject.descriptor if subject else None, {})


def test_a_tag_names_the_pushed_manifest(target: Repository) -> None:
    assert target.digest("one") is None
    assert target.manifest("one") is None
    assert target.tags() == ()
    manifest = made(target)
    target.push_manifest("one", manifest)
    assert target.digest("one") == manifest.digest
    assert target.manifest("one") == manifest
    assert target.manifest(manifest.digest) == manifest
    assert target.tags() == ("one",)


def test_a_blob_is_uploaded_once(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    blob = target.upload(b"some bytes", "text/plain")
    assert target.blob(blob.digest) == b"some bytes"
    assert [method for method, _ in fronted.writes] == ["POST", "PATCH", "PUT"]
    target.upload(b"some bytes", "text/plain")
    assert [method for method, _ in fronted.writes] == ["POST", "PATCH", "PUT"]


def test_a_list_of_tags_can_have_several_pages(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)

    def page(_method: str, path: str) -> int:
        last = "last=" in path
        fronted.headers = {} if last else {"Link": '</v2/raydock/tags/list?n=2&last=b>; rel="next"'}
        fronted.body = json.dumps({"tags": ["c"] if last else ["a", "b"]}).encode()
        return 200

    fronted.fault = page
    assert target.tags() == ("a", "b", "c")


def test_an_image_with_a_missing_blob_is_incomplete(empty: Registry, target: Repository) -> None:
    manifest = made(target)
    target.push_manifest("one", manifest)
    assert verify_image(target, manifest.digest) == manifest
    digest = digest_of(b"layer").removeprefix("sha256:")
    (empty.storage / f"docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data").unlink()
    with pytest.raises(UnreadableError, match=r"its blob .* is missing"):
        verify_image(target, manifest.digest)


def test_bytes_that_do_not_match_the_digest_are_refused(empty: Registry, target: Repository) -> None:
    manifest = made(target)
    target.push_manifest("one", manifest)
    name = digest_of(b"layer").removeprefix("sha256:")
    path = empty.storage / f"docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"
    path.write_bytes(b"other")
    with pytest.raises(UnreadableError, match="is damaged"):
        target.blob(digest_of(b"layer"))


def test_attachments_are_found_without_the_referrers_api(target: Repository) -> None:
    image = made(target)
    target.push_manifest("one", image)
    first, second = made(target, b"first", image), made(target, b"second", image)
    assert attach(target, image.descriptor, {"first": first}) == {}
    assert attach(target, image.descriptor, {"first": first, "second": second}) == {}
    assert list(attached(target, image.digest)) == [first.digest, second.digest]
    assert fallback_tag(image.digest) in target.tags()
    assert attached(target, image.digest)[second.digest]["artifactType"] == "text/x-test"


def test_attachments_are_found_by_the_referrers_api_without_a_tag(fronted: Front) -> None:
    fronted.referrers = {}
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    image = made(target)
    target.push_manifest("one", image)
    assert attached(target, image.digest) == {}
    first, second = made(target, b"first", image), made(target, b"second", image)
    assert attach(target, image.descriptor, {"first": first}) == {}
    assert attach(target, image.descriptor, {"first": first, "second": second}) == {}
    assert list(attached(target, image.digest)) == [first.digest, second.digest]
    assert attached(target, image.digest)[second.digest]["artifactType"] == "text/x-test"
    assert target.tags() == ("one",)


def test_attaching_again_writes_nothing(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    image = made(target)
    target.push_manifest("one", image)
    first = made(target, b"first", image)
    assert attach(target, image.descriptor, {"first": first}) == {}
    before = len(fronted.writes)
    assert attach(target, image.descriptor, {"first": first}) == {}
    assert len(fronted.writes) == before


@pytest.mark.parametrize("code", [500, 429, 503])
def test_a_failed_request_is_sent_again(fronted: Front, code: int) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)

    def fault(_method: str, _path: str) -> int | None:
        # The first attempt of every request fails.
        return code if len(fronted.requests) % 2 else None

    fronted.requests.clear()
    fronted.fault = fault
    manifest = made(target)
    target.push_manifest("one", manifest)
    assert target.digest("one") == manifest.digest


def test_a_registry_that_keeps_failing_is_reported(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    fronted.requests.clear()
    fronted.fault = lambda _method, _path: 500
    with pytest.raises(OutOfReachError, match="failed while looking for"):
        target.digest("one")
    assert len(fronted.requests) == 3


def test_retry_after_is_respected_up_to_a_limit(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    assert target.transport.patience.longest == 60
    fronted.headers["Retry-After"] = "0"
    codes = [429, None]
    fronted.fault = lambda _method, _path: codes.pop(0)
    assert target.digest("one") is None


def test_a_registry_that_hangs_times_out(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    hanging = Event()
    fronted.fault = lambda _method, _path: hanging.wait(20) and None
    with pytest.raises(OutOfReachError, match="did not answer in time while looking for"):
        target.digest("one")
    hanging.set()


def test_a_closed_port_is_out_of_reach() -> None:
    with pytest.raises(OutOfReachError, match=r"127\.0\.0\.1:1 cannot be reached: Connection refused while"):
        repository("127.0.0.1:1/raydock", patience=HASTY)


@pytest.mark.parametrize("name", ["raydock", "http://localhost:5000/raydock", "localhost:5000/raydock:tag", "a/B", ""])
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a repository of the form HOST/PATH"):
        parse(name)


@pytest.mark.parametrize("name", ["ray:n0b0dy@localhost:5000/raydock", "https://ray:n0b0dy@localhost:5000/raydock"])
def test_a_password_in_a_name_is_refused_and_not_shown(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\.\.\.@localhost:5000/raydock' is not a repository") as refused:
        parse(name)
    assert "n0b0dy" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "loopback"),
    [("localhost:5000/a", True), ("127.0.0.2/a", True), ("10.0.0.1:5000/a", False), ("localhost.example/a", False)],
)
def test_loopback_is_only_this_machine(name: str, loopback: bool) -> None:
    assert parse(name).loopback is loopback


def test_the_default_registrys_api_has_its_own_host() -> None:
    assert parse(f"{INDEX_NAME}/ml/raydock").api == f"registry-1.{INDEX_NAME}"
    assert parse("localhost:5000/raydock").api == "localhost:5000"


def test_a_manifest_that_is_not_an_image_is_refused(target: Repository) -> None:
    manifest = made(target)
    listed = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
    target.push_manifest("one", manifest)
    target.push_manifest("list", Manifest(media_type=str(listed["mediaType"]), data=json.dumps(listed).encode()))
    with pytest.raises(UnreadableError, match="is not an image"):
        verify_image(target, target.digest("list") or "")
    assert manifest.media_type == OCI_MANIFEST


def test_a_server_that_is_not_a_registry_is_out_of_reach(fronted: Front) -> None:
    fronted.fault = lambda _method, _path: 404
    with pytest.raises(OutOfReachError, match=r"does not answer like a registry: http://.*/v2/ returns 404"):
        repository(f"{fronted.address}/raydock", patience=HASTY)


def test_credentials_are_sent_only_to_the_registry(fronted: Front, serve: Serve, anonymous: Path) -> None:
    auth = base64.b64encode(b"ray:secret").decode()
    (anonymous / "config.json").write_text(json.dumps({"auths": {fronted.address: {"auth": auth}}}))
    with front(serve(folder=anonymous).address) as elsewhere:

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
