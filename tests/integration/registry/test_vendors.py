"""A repository of registries that differ from Debian's docker-registry, which is behind each front."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from raydock.core.errors import OutOfReachError
from raydock.core.models import plain
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, OCI_INDEX, Descriptor, Manifest, artifact
from raydock.registry.name import parse
from raydock.registry.referrers import attach, attached, fallback_tag
from raydock.registry.refusals import RefusalCause
from raydock.registry.repository import Repository, UnreadableError, repository, verify_image
from tests.integration.registry.conftest import HASTY, TOOLS, Serve
from tests.support.faults import Answer, Front, front
from tests.support.registry import PASSWORD, logged_in, referrers_registry
from tests.support.vendors import answers_referrers, error, takes_the_tag_for_the_digest

HTML = Answer(code=200, headers={"Content-Type": "text/html"}, body=b"<!doctype html><html>Sign in</html>")
WITHOUT_API = [
    Answer(code=400, headers={"Content-Type": "application/json"}, body=b'{"errors": [{"code": "UNSUPPORTED"}]}'),
    Answer(code=401),
    Answer(code=403),
    Answer(code=405),
    Answer(code=406),
    Answer(code=500),
    Answer(code=501),
    HTML,
    Answer(code=200, headers={"Content-Type": "application/json"}, body=b"{}"),
    Answer(code=200, headers={"Content-Type": "application/json"}, body=b"[]"),
]


def image(target: Repository, text: bytes = b"layer", subject: Manifest | None = None) -> Manifest:
    """A manifest in the repository, with its blobs."""
    made = artifact_of(target, text, subject)
    target.push_manifest(made.digest, made)
    return made


def artifact_of(target: Repository, text: bytes, subject: Manifest | None) -> Manifest:
    target.upload(EMPTY, EMPTY_TYPE)
    layer = target.upload(text, "text/plain")
    return artifact("text/x-test", [(layer, "a.txt")], subject.descriptor if subject else None, {})


@pytest.mark.parametrize("answer", WITHOUT_API, ids=lambda answer: f"{answer.code}-{answer.body[:6].decode()}")
def test_attachments_are_listed_without_the_referrers_api(fronted: Front, answer: Answer) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    subject = image(target)
    fronted.fault = answers_referrers(answer)
    first, second = artifact_of(target, b"first", subject), artifact_of(target, b"second", subject)
    assert attached(target, subject.digest) == {}
    assert attach(target, subject.descriptor, {"first": first}) == {}
    assert attach(target, subject.descriptor, {"first": first, "second": second}) == {}
    assert list(attached(target, subject.digest)) == [first.digest, second.digest]
    before = len(fronted.writes)
    assert attach(target, subject.descriptor, {"second": second}) == {}
    assert len(fronted.writes) == before


@pytest.mark.parametrize("index", [False, True])
def test_a_tag_that_the_registry_reads_as_the_digest_is_not_a_list(fronted: Front, index: bool) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    subject = image(target)
    if index:  # its images must not count as attachments
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [plain(subject.descriptor)]}
        subject = Manifest(media_type=OCI_INDEX, data=json.dumps(document).encode())
        target.push_manifest(subject.digest, subject)
    fronted.fault = takes_the_tag_for_the_digest(fronted, writable=True)
    assert attached(target, subject.digest) == {}
    first = artifact_of(target, b"first", subject)
    assert attach(target, subject.descriptor, {"first": first}) == {}
    assert list(attached(target, subject.digest)) == [first.digest]


def test_a_registry_that_does_not_store_the_tag_is_reported_and_nothing_is_overwritten(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    subject = image(target)
    fronted.fault = takes_the_tag_for_the_digest(fronted, writable=False)
    refused = attach(target, subject.descriptor, {"first": artifact_of(target, b"first", subject)})
    assert isinstance(refused["first"], RefusedError)
    assert attached(target, subject.digest) == {}

    def ignore_tag(method: str, path: str) -> Answer | None:
        return Answer(code=201) if method == "PUT" and "manifests/sha256-" in path else None

    fronted.fault = ignore_tag
    refused = attach(target, subject.descriptor, {"first": artifact_of(target, b"first", subject)})
    assert "has no referrers API and does not store" in refused["first"].what


def test_a_users_image_with_the_tag_of_the_list_is_not_overwritten(target: Repository) -> None:
    subject, users = image(target), image(target, b"other")
    target.push_manifest(fallback_tag(subject.digest), users)
    first = artifact_of(target, b"first", subject)
    with pytest.raises(UnreadableError, match=f"names {users.digest}"):
        attached(target, subject.digest)
    assert "not the list of what is" in attach(target, subject.descriptor, {"first": first})["first"].what
    assert target.digest(fallback_tag(subject.digest)) == users.digest


def test_a_refused_artifact_does_not_stop_the_others(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    subject = image(target)
    made = {name: artifact_of(target, name.encode(), subject) for name in ("first", "second", "third")}

    def refuses(method: str, path: str) -> Answer | None:
        second = path.endswith(made["second"].digest) and method == "PUT"
        return error(400, "MANIFEST_INVALID", "artifactType is not supported") if second else None

    fronted.fault = refuses
    refused = attach(target, subject.descriptor, made)
    assert list(refused) == ["second"]
    assert "MANIFEST_INVALID artifactType is not supported" in refused["second"].what
    assert list(attached(target, subject.digest)) == [made["first"].digest, made["third"].digest]


@pytest.fixture(scope="module")
def with_api() -> Iterator[str]:
    with referrers_registry(TOOLS) as address:
        yield address


def test_a_registry_with_the_referrers_api_needs_no_tag(with_api: str) -> None:
    target = repository(f"{with_api}/ml/raydock", patience=HASTY)
    subject = image(target)
    target.push_manifest("one", subject)
    first, second = artifact_of(target, b"first", subject), artifact_of(target, b"second", subject)
    assert attached(target, subject.digest) == {}
    assert attach(target, subject.descriptor, {"first": first}) == {}
    assert attach(target, subject.descriptor, {"first": first, "second": second}) == {}
    assert set(attached(target, subject.digest)) == {first.digest, second.digest}
    assert not [tag for tag in target.tags() if tag.startswith("sha256-")]
    assert verify_image(target, first.digest) == first


def test_a_list_of_referrers_can_have_several_pages(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    pages = [f"sha256:{number:064x}" for number in range(3)]

    def page(_method: str, path: str) -> Answer | None:
        if "/referrers/" not in path:
            return None
        number = int(parse_qs(urlsplit(path).query).get("page", ["0"])[0])
        following = f'<{urlsplit(path).path}?page={number + 1}>; rel="next"' if number < 2 else ""
        entry = plain(Descriptor(media_type="text/plain", digest=pages[number], size=1))
        body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
        return Answer(code=200, headers={"Content-Type": OCI_INDEX, "Link": following}, body=body)

    fronted.fault = page
    assert list(attached(target, f"sha256:{9:064x}")) == pages


def test_an_upload_is_sent_as_the_engine_sends_it(fronted: Front) -> None:
    """Some registries accept no data in the last PUT, and answer with a relative upload URL."""
    target = repository(f"{fronted.address}/raydock", patience=HASTY)

    def fault(method: str, path: str) -> Answer | None:
        if method != "POST":
            return None
        begun = requests.post(f"http://{fronted.behind}{path}", timeout=10)
        place = urlsplit(begun.headers["Location"])
        return Answer(code=202, headers={"Location": f"{place.path}?{place.query}"})

    fronted.fault = fault
    made = target.upload(b"bytes", "text/plain")
    assert target.blob(made.digest) == b"bytes"
    assert [method for method, _ in fronted.writes] == ["POST", "PATCH", "PUT"]


def test_a_blob_on_a_storage_host_is_read_without_the_registrys_credentials(
    fronted: Front, serve: Serve, anonymous: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    made = target.upload(b"bytes", "text/plain")
    logged_in(anonymous, fronted.address)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ray password another\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with front(fronted.behind) as storage:

        def fault(_method: str, path: str) -> Answer | None:
            if not fronted.authorizations[-1]:
                return Answer(code=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            signed = Answer(code=307, headers={"Location": f"http://{storage.address}{path}?signed=1"})
            return signed if "/blobs/sha256:" in path else None

        fronted.fault = fault
        # A URL that is signed for GET is refused for HEAD.
        storage.fault = lambda method, _path: Answer(code=403) if method == "HEAD" else None
        assert target.blob(made.digest) == b"bytes"
        assert target.find_blob_problem(made) == ""
        assert target.find_blob_problem(Descriptor(media_type="", digest=made.digest, size=1)).endswith(
            "has 5 bytes, not 1"
        )
        assert target.find_blob_problem(Descriptor(media_type="", digest=f"sha256:{1:064x}", size=1)).endswith(
            "is missing"
        )
    assert fronted.authorizations[-1].startswith("Basic ")
    assert set(storage.authorizations) == {""}


def test_a_blob_without_a_content_length_exists(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    made = target.upload(b"bytes", "text/plain")
    fronted.fault = lambda method, path: Answer(code=200) if method == "HEAD" and "/blobs/" in path else None
    assert target.find_blob_problem(made) == ""


# What a token server's registry answers to a request without a token, for a repository and an action.
FORMS = [
    'Bearer realm="{realm}",service="s",scope="repository:{name}:{action}"',
    'Bearer realm="{realm}",service="s",scope="repository:{name}:pull"',
    'Bearer realm="{realm}",service="s"',
    'bearer Realm="{realm}", Service=s',
    'Basic realm="x", Bearer realm="{realm}",service="s"',
    'Bearer realm="{realm}",service="s",scope="repository:{name}:{action}", Basic realm="x"',
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["token", "access_token"])
def test_a_token_is_for_one_repository_and_one_action(fronted: Front, anonymous: Path, form: str, key: str) -> None:
    """With a token server whose tokens are the requested scope, and a registry that checks them strictly."""
    logged_in(anonymous, fronted.address)
    login = "Basic " + base64.b64encode(f"ray:{PASSWORD}".encode()).decode()

    def fault(method: str, path: str) -> Answer | None:
        given = fronted.authorizations[-1]
        if path.startswith("/token"):
            if given != login:
                return error(401, "UNAUTHORIZED", "incorrect username or password")
            [requested] = parse_qs(urlsplit(path).query)["scope"]
            return Answer(code=200, body=json.dumps({key: requested}).encode())
        match = re.match(r"/v2/(.+?)/(?:manifests|blobs|tags|referrers)/", path)
        name = match[1] if match else ""
        action = "pull" if method in {"GET", "HEAD"} else "pull,push"
        if match and set(action.split(",")) <= set(given.removeprefix(f"Bearer repository:{name}:").split(",")):
            return None
        realm = f"http://{fronted.address}/token"
        return Answer(
            code=401, headers={"WWW-Authenticate": form.format(realm=realm, name=name or "user/image", action=action)}
        )

    fronted.fault = fault
    target = repository(f"{fronted.address}/ml/raydock", patience=HASTY)
    below = Repository(name=parse(f"{target.name}/index"), transport=target.transport)
    for place in (target, below, target):
        made = image(place)
        assert place.digest(made.digest) == made.digest
    tokens = [path for _, path in fronted.requests if path.startswith("/token")]
    assert len(tokens) == 4


@pytest.mark.parametrize("pushes", [False, True])
def test_a_publish_requests_push_tokens_from_the_first_request_on(
    fronted: Front, anonymous: Path, pushes: bool
) -> None:
    """Quay refuses to read a repository that does not exist, unless the token may create it."""
    logged_in(anonymous, fronted.address)

    def fault(_method: str, path: str) -> Answer | None:
        if path.startswith("/token"):
            [requested] = parse_qs(urlsplit(path).query)["scope"]
            return Answer(code=200, body=json.dumps({"token": requested.rpartition(":")[2]}).encode())
        if fronted.authorizations[-1] == "Bearer pull,push":
            return None
        realm = f'Bearer realm="http://{fronted.address}/token",scope="repository:raydock:pull"'
        return Answer(code=401, headers={"WWW-Authenticate": realm})

    fronted.fault = fault
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    target.transport.pushes = pushes
    if pushes:
        assert target.digest("one") is None
    else:
        with pytest.raises(RefusedError, match="refuses the credentials"):
            target.digest("one")


def test_a_login_that_the_token_server_refuses_is_reported_with_its_message(fronted: Front, anonymous: Path) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    logged_in(anonymous, fronted.address)

    def fault(_method: str, path: str) -> Answer | None:
        if path.startswith("/token"):
            return error(403, "DENIED", "access forbidden: the token has expired")
        return Answer(code=401, headers={"WWW-Authenticate": f'Bearer realm="http://{fronted.address}/token"'})

    fronted.fault = fault
    with pytest.raises(RefusedError, match=r"getting a token from .*: 403 DENIED access forbidden") as refused:
        target.digest("one")
    assert refused.value.cause is RefusalCause.LOGIN
    assert PASSWORD not in str(refused.value)


def test_a_public_repository_is_read_without_a_login(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    made = image(target)

    def fault(method: str, path: str) -> Answer | None:
        given = fronted.authorizations[-1]
        if path.startswith("/token"):
            return Answer(code=200, body=b'{"token": "anonymous"}') if not given else Answer(code=401)
        realm = f'Bearer realm="http://{fronted.address}/token",service="s"'
        if given != "Bearer anonymous":
            return Answer(code=401, headers={"WWW-Authenticate": realm})
        return None if method in {"GET", "HEAD"} else error(403, "DENIED", "permission_denied: write_package")

    fronted.fault = fault
    assert target.manifest(made.digest) == made
    with pytest.raises(RefusedError, match=r"does not allow uploading 5 bytes .* 403 DENIED permission_denied"):
        target.upload(b"other", "text/plain")


def test_an_unsupported_authentication_is_reported(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    fronted.fault = lambda _method, _path: Answer(code=401, headers={"WWW-Authenticate": "Negotiate"})
    with pytest.raises(OutOfReachError, match=r"does not support, or that is not safe \(negotiate\)"):
        target.digest("one")


def test_a_long_retry_after_is_reported_at_once(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    later = format_datetime(datetime.now(UTC) + timedelta(hours=6), usegmt=True)
    fronted.requests.clear()
    fronted.fault = lambda _method, _path: Answer(
        code=429,
        headers={"Retry-After": later},
        body=b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit."}]}',
    )
    with pytest.raises(RefusedError, match="429 TOOMANYREQUESTS You have reached your pull rate limit") as refused:
        target.manifest("one")
    assert later in str(refused.value)
    assert f"`docker login {fronted.address}` often raises the limit" in refused.value.todo
    assert len(fronted.requests) == 1


def test_an_html_page_is_reported_by_its_title(fronted: Front) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    fronted.largest = 3
    with pytest.raises(RefusedError, match=r"413 413 Request Entity Too Large\.") as refused:
        target.upload(b"bytes", "text/plain")
    assert "client_max_body_size 0" in refused.value.todo
