"""One repository of a registry: its tags, manifests and blobs."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import requests

from raydock.core.errors import VariantError
from raydock.core.files import digest_of
from raydock.core.http import RetryPolicy
from raydock.registry.manifest import ACCEPTED, OCI_INDEX, Descriptor, Manifest
from raydock.registry.name import Name, parse
from raydock.registry.transport import RegistryTransport

_FOUND = frozenset({200, 404})
_WRITTEN = frozenset({200, 201, 202})
_TAKEN = _WRITTEN | {204}
# An upload that the registry lost, or received twice because its answer was late.
_LOST = frozenset({400, 404, 416})
# Descriptors by digest.
Entries = dict[str, dict[str, Any]]
_NEXT = re.compile(r'<([^>]+)>;\s*rel="?next"?')


class UnreadableError(VariantError):
    """Content of a registry is damaged or incomplete."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository of a registry.

    Attributes:
        name: its name.
        transport: sends the requests.
    """

    name: Name
    transport: RegistryTransport

    def digest(self, reference: str) -> str | None:
        """The digest that a tag or digest names, by one HEAD request.

        Returns None if it does not exist.
        """
        answer = self._manifest_answer("HEAD", reference, "looking for")
        if answer.status_code == 404:
            return None
        if found := answer.headers.get("Docker-Content-Digest"):
            return str(found)
        manifest = self.manifest(reference)
        return manifest.digest if manifest else None

    def manifest(self, reference: str) -> Manifest | None:
        """The manifest of a tag or digest; None if it does not exist.

        Raises UnreadableError if its bytes do not match the digest.
        """
        answer = self._manifest_answer("GET", reference, "reading")
        if answer.status_code == 404:
            return None
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        manifest = Manifest(media_type=media_type, data=answer.content)
        expected = reference if ":" in reference else answer.headers.get("Docker-Content-Digest", manifest.digest)
        if manifest.digest != expected:
            raise UnreadableError(f"{self.name}:{reference} is damaged: its bytes are not those of {expected}.")
        return manifest

    def push_manifest(self, reference: str, manifest: Manifest) -> None:
        """Push a manifest with a tag or its digest."""
        doing, headers = f"writing {self.name}:{reference}", {"Content-Type": manifest.media_type}
        self._send("PUT", f"manifests/{reference}", doing, _WRITTEN, headers=headers, data=manifest.data)

    def _manifest_answer(self, method: str, reference: str, doing: str) -> requests.Response:
        """The answer to a request for the manifest of a tag or digest; the status is 200 or 404."""
        headers = {"Accept": ", ".join(ACCEPTED)}
        return self._send(method, f"manifests/{reference}", f"{doing} {self.name}:{reference}", _FOUND, headers=headers)

    def find_blob_problem(self, blob: Descriptor) -> str:
        """What is wrong with a blob, by one HEAD request; empty if nothing is.

        The blob is missing, or has a wrong size.
        """
        answer = self._blob_headers(blob.digest)
        if answer.status_code == 404:
            return f"its blob {blob.digest} is missing"
        size = answer.headers.get("Content-Length", "")
        wrong = size.isdigit() and int(size) != blob.size and "Content-Encoding" not in answer.headers
        return f"its blob {blob.digest} has {size} bytes, not {blob.size}" if wrong else ""

    def _head(self, digest: str) -> requests.Response:
        return self._send("HEAD", f"blobs/{digest}", f"looking for a blob of {self.name}", None)

    def _blob_headers(self, digest: str) -> requests.Response:
        """The headers of a blob; the status is 200 or 404."""
        answer = self._head(digest)
        if answer.status_code in _FOUND:
            return answer
        # The redirect of a storage host may be signed for GET only; the body is not read.
        doing = f"looking for a blob of {self.name}"
        with self._send("GET", f"blobs/{digest}", doing, _FOUND, stream=True) as answer:
            return answer

    def blob(self, digest: str) -> bytes:
        """A blob's bytes. Raises UnreadableError if it is missing or damaged."""
        answer = self._send("GET", f"blobs/{digest}", f"reading a blob of {self.name}", _FOUND)
        if answer.status_code == 404:
            raise UnreadableError(f"{self.name}: the blob {digest} is missing.")
        if digest_of(answer.content) != digest:
            raise UnreadableError(f"{self.name}: the blob {digest} is damaged.")
        return answer.content

    def upload(self, data: bytes, media_type: str) -> Descriptor:
        """Upload a blob, unless it exists; returns its descriptor."""
        blob = Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))
        # After any answer but 200, the upload itself reports why the registry refuses it.
        exists = self._head(blob.digest).status_code == 200
        if not exists and not self._upload(blob, data, _LOST):
            self._upload(blob, data, frozenset())
        return blob

    def _upload(self, blob: Descriptor, data: bytes, lost: frozenset[int]) -> bool:
        """Upload as Docker's engine does.

        False if the status is one of `lost`: the registry does not know the upload.

        Every registry must accept POST, PATCH and PUT, which the engine sends; not every one accepts a PUT with data.
        """
        doing = f"uploading {len(data)} bytes to {self.name}"
        octets = {"Content-Type": "application/octet-stream"}
        started = self._send("POST", "blobs/uploads/", doing, frozenset({202}))
        sent = self._send("PATCH", _upload_url(started), doing, _TAKEN | lost, headers=octets, data=data)
        if sent.status_code in lost:
            return False
        url = _upload_url(sent if "Location" in sent.headers else started)
        final_url = f"{url}{'&' if '?' in url else '?'}{urlencode({'digest': blob.digest})}"
        done = self._send("PUT", final_url, doing, _TAKEN | lost, headers=octets, data=b"")
        return done.status_code not in lost

    def _send(
        self, method: str, path: str, doing: str, expect: frozenset[int] | None, **options: Any
    ) -> requests.Response:
        """The answer to a request for a path below the repository's, or for a URL: see RegistryTransport.request."""
        repository = self.name.path
        path = urljoin(f"{repository}/", path)
        return self.transport.request(method, path, doing=doing, repository=repository, expect=expect, **options)

    def tags(self) -> tuple[str, ...]:
        """Every tag of the repository; none if it does not exist."""
        names: list[str] = []
        for answer in self._pages("tags/list?n=1000", f"listing the tags of {self.name}", _FOUND):
            if answer.status_code == 404:
                break
            try:
                names += answer.json().get("tags") or ()
            except (ValueError, AttributeError):
                raise UnreadableError(f"{self.name.host} does not return a list of the tags of {self.name}.") from None
        return tuple(names)

    def referrers(self, digest: str) -> Entries | None:
        """The descriptors of what is attached to a manifest, by the referrers API, by digest.

        Returns None if the registry lacks the API.

        Without the API, registries answer 404, 400, 403, 405, 406, or 200 with an HTML page. Sources: OCI distribution
        specification 1.1, "Unavailable Referrers API"; google/go-containerregistry issue 1962 and pull request 2026
        (Artifactory answers 406); read 2026-11-29.
        """
        descriptors: Entries = {}
        for answer in self._pages(f"referrers/{digest}", f"listing what is attached to {self.name}@{digest}", None):
            entries = parse_index(answer.content) if answer.status_code == 200 else None
            if entries is None:
                return None
            descriptors |= entries
        return descriptors

    def _pages(self, path: str, doing: str, expect: frozenset[int] | None) -> Iterator[requests.Response]:
        """The answers to a request for a list that can have several pages."""
        while path:
            answer = self._send("GET", path, doing, expect, headers={"Accept": f"{OCI_INDEX}, application/json"})
            yield answer
            link = _NEXT.search(answer.headers.get("Link", ""))
            path = urljoin(answer.url, link[1]) if link else ""


def verify_image(repository: Repository, digest: str) -> Manifest:
    """Check that every blob of an image exists with its size; returns its manifest.

    Raises UnreadableError, with what is wrong, if the image is incomplete.
    """
    manifest = repository.manifest(digest)
    if manifest is None:
        raise UnreadableError(f"{repository.name}@{digest} does not exist.")
    try:
        parts = manifest.parts
    except (ValueError, KeyError, TypeError):
        raise UnreadableError(f"{repository.name}@{digest} is not an image.") from None
    for part in parts:
        if problem := repository.find_blob_problem(part):
            raise UnreadableError(f"{repository.name}@{digest}: {problem}.")
    return manifest


def find_image_problem(repository: Repository, digest: str) -> str:
    """What is wrong with an image, by `verify_image`; empty if nothing is."""
    try:
        verify_image(repository, digest)
    except UnreadableError as error:
        return error.what
    return ""


def parse_index(data: bytes) -> Entries | None:
    """The descriptors in an image index, by digest; None if the bytes are not one."""
    try:
        document = json.loads(data)
        if document["schemaVersion"] != 2 or document.get("mediaType", OCI_INDEX) != OCI_INDEX:
            return None
        # Go writes an empty list as null.
        entries = document["manifests"] or []
        return {digest: {**entry} for entry in entries if (digest := str(entry["digest"]))}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _upload_url(answer: requests.Response) -> str:
    """The URL of the next request of an upload.

    A registry behind a TLS proxy may answer with its http URL.
    """
    location = urljoin(answer.url, answer.headers.get("Location", ""))
    old, new = urlsplit(answer.url), urlsplit(location)
    same = old.hostname == new.hostname and (old.scheme, new.scheme) == ("https", "http") and not new.port
    return new._replace(scheme=old.scheme, netloc=old.netloc).geturl() if same else location


def repository(name: str, *, insecure: bool = False, patience: RetryPolicy | None = None) -> Repository:
    """Connect to the registry of a repository.

    Raises ConfigurationError if the name is invalid, OutOfReachError if the registry does not answer.
    """
    parsed = parse(name)
    transport = RegistryTransport(name=parsed, insecure=insecure, patience=patience or RetryPolicy())
    transport.connect()
    return Repository(name=parsed, transport=transport)
