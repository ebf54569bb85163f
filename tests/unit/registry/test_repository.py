"""Which requests a repository sends to a registry for manifests, and what the answers mean."""

from collections.abc import Iterator

import pytest

from raydock.core.files import digest_of
from raydock.core.http import RetryPolicy
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import OCI_MANIFEST, Manifest
from raydock.registry.repository import Repository, UnreadableError, repository
from tests.support.faults import Answer, Front, front

MANIFEST = Manifest(media_type=OCI_MANIFEST, data=b"{}")


@pytest.fixture
def fronted() -> Iterator[Front]:
    """A registry whose answers a test gives."""
    with front("127.0.0.1:9") as found:
        found.fault = lambda _method, _path: 200
        yield found


@pytest.fixture
def there(fronted: Front) -> Repository:
    return repository(f"{fronted.address}/ml", patience=RetryPolicy(connect=1.0, read=1.0, pauses=(0.01,)))


def test_a_digest_is_read_by_one_head(fronted: Front, there: Repository) -> None:
    fronted.fault = lambda _method, _path: Answer(code=200, headers={"Docker-Content-Digest": "sha256:1"})
    assert there.digest("one") == "sha256:1"
    assert fronted.requests[-1] == ("HEAD", "/v2/ml/manifests/one")


def test_what_the_registry_does_not_have_is_none(fronted: Front, there: Repository) -> None:
    fronted.fault = lambda _method, path: 404 if "/manifests/" in path else 200
    assert (there.digest("one"), there.manifest("one")) == (None, None)


def test_a_manifest_whose_bytes_are_others_is_damaged(fronted: Front, there: Repository) -> None:
    headers = {"Content-Type": OCI_MANIFEST}
    fronted.fault = lambda _method, _path: Answer(code=200, headers=headers, body=MANIFEST.data)
    assert there.manifest(digest_of(MANIFEST.data)) == MANIFEST
    with pytest.raises(UnreadableError, match="its bytes are not those of sha256:1"):
        there.manifest("sha256:1")


def test_a_manifest_is_pushed_with_a_tag(fronted: Front, there: Repository) -> None:
    fronted.fault = lambda _method, path: 201 if "/manifests/" in path else 200
    there.push_manifest("one", MANIFEST)
    assert fronted.requests[-1] == ("PUT", "/v2/ml/manifests/one")
    fronted.fault = lambda _method, _path: 403
    with pytest.raises(RefusedError, match=r"does not allow writing 127\.0\.0\.1:\d+/ml:one: 403"):
        there.push_manifest("one", MANIFEST)
