"""One repository of a registry: its tags, manifests and blobs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

from raydock.errors import OutOfReachError, VariantError
from raydock.files import digest_of
from raydock.ship.registry.manifest import ACCEPTED, Descriptor, Manifest
from raydock.ship.registry.name import Name, parse
from raydock.ship.registry.transport import Patience, Transport

_FOUND = frozenset({200, 404})
_NEXT = re.compile(r'<([^>]+)>;\s*rel="?next"?')


class UnreadableError(VariantError):
    """What a registry holds is damaged, or not whole."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository that a transport reaches."""

    name: Name
    transport: Transport

    def beside(self, folder: str) -> "Repository":
        """The repository under this one, such as `index`."""
        return Repository(name=Name(host=self.name.host, path=f"{self.name.path}/{folder}"), transport=self.transport)

    def digest(self, reference: str) -> str | None:
        """The digest of what a tag or digest names, by one HEAD; None where there is no such thing."""
        answer = self.transport.request(
            "HEAD",
            self._path(f"manifests/{reference}"),
            doing=f"looking for {self.name}:{reference}",
            repository=self.name.path,
            expect=_FOUND,
            headers={"Accept": ", ".join(ACCEPTED)},
        )
        if answer.status_code == 404:
            return None
        if found := answer.headers.get("Docker-Content-Digest"):
            return str(found)
        manifest = self.manifest(reference)
        return manifest.digest if manifest else None

    def manifest(self, reference: str) -> Manifest | None:
        """The manifest of a tag or digest; None where there is none.

        Raises UnreadableError where its bytes are not those of the digest.
        """
        answer = self.transport.request(
            "GET",
            self._path(f"manifests/{reference}"),
            doing=f"reading {self.name}:{reference}",
            repository=self.name.path,
            expect=_FOUND,
            headers={"Accept": ", ".join(ACCEPTED)},
        )
        if answer.status_code == 404:
            return None
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        found = Manifest(media_type=media_type, data=answer.content)
        wanted = reference if ":" in reference else answer.headers.get("Docker-Content-Digest", found.digest)
        if found.digest != wanted:
            raise UnreadableError(f"{self.name}:{reference} is damaged: its bytes are not those of {wanted}.")
        return found

    def put(self, reference: str, manifest: Manifest) -> bool:
        """Puts a manifest under a tag or its digest; tells whether the registry links it to its subject itself."""
        answer = self.transport.request(
            "PUT",
            self._path(f"manifests/{reference}"),
            doing=f"writing {self.name}:{reference}",
            repository=self.name.path,
            expect=frozenset({200, 201, 202}),
            headers={"Content-Type": manifest.media_type},
            data=manifest.data,
        )
        return "OCI-Subject" in answer.headers

    def size(self, digest: str) -> int | None:
        """The size of a blob in bytes, by one HEAD; None where it is missing."""
        answer = self.transport.request(
            "HEAD",
            self._path(f"blobs/{digest}"),
            doing=f"looking for a blob of {self.name}",
            repository=self.name.path,
            expect=_FOUND,
        )
        return int(answer.headers.get("Content-Length", 0)) if answer.status_code == 200 else None

    def blob(self, digest: str) -> bytes:
        """A blob's bytes. Raises UnreadableError where it is missing or damaged."""
        answer = self.transport.request(
            "GET",
            self._path(f"blobs/{digest}"),
            doing=f"reading a blob of {self.name}",
            repository=self.name.path,
            expect=_FOUND,
        )
        if answer.status_code == 404:
            raise UnreadableError(f"{self.name} lacks the blob {digest}.")
        if digest_of(answer.content) != digest:
            raise UnreadableError(f"{self.name}: the blob {digest} is damaged.")
        return answer.content

    def upload(self, data: bytes, media_type: str) -> Descriptor:
        """Brings a blob into the repository, unless it is there; returns what describes it."""
        found = Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))
        if self.size(found.digest) is None and not (self._uploaded(found, data) or self._uploaded(found, data)):
            raise OutOfReachError(
                f"{self.name.host} twice forgot an upload to {self.name} before its end.", todo="run this again."
            )
        return found

    def _uploaded(self, wanted: Descriptor, data: bytes) -> bool:
        """Uploads in one piece; False where the registry knows nothing of the upload that it began."""
        doing = f"uploading {len(data)} bytes to {self.name}"
        begun = self.transport.request(
            "POST",
            self._path("blobs/uploads/"),
            doing=doing,
            repository=self.name.path,
            expect=frozenset({202}),
        )
        place = urljoin(begun.url, begun.headers.get("Location", ""))
        done = self.transport.request(
            "PUT",
            f"{place}{'&' if '?' in place else '?'}{urlencode({'digest': wanted.digest})}",
            doing=doing,
            repository=self.name.path,
            expect=frozenset({201, 400, 404, 416}),
            headers={"Content-Type": "application/octet-stream"},
            data=data,
        )
        return done.status_code == 201

    def tags(self) -> tuple[str, ...]:
        """Every tag of the repository; none where it does not exist."""
        found: list[str] = []
        path: str | None = self._path("tags/list?n=1000")
        while path:
            answer = self.transport.request(
                "GET", path, doing=f"listing the tags of {self.name}", repository=self.name.path, expect=_FOUND
            )
            if answer.status_code == 404:
                break
            try:
                found += answer.json().get("tags") or ()
            except (ValueError, AttributeError):
                raise UnreadableError(f"{self.name.host} gives no list of the tags of {self.name}.") from None
            link = _NEXT.search(answer.headers.get("Link", ""))
            path = urljoin(answer.url, link[1]) if link else None
        return tuple(found)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> bytes | None:
        """What the registry answers to a GET below the repository; None where it knows no such path."""
        answer = self.transport.request(
            "GET",
            self._path(path),
            doing=f"asking {self.name} for {path}",
            repository=self.name.path,
            expect=_FOUND,
            headers=headers,
        )
        return answer.content if answer.status_code == 200 else None

    def _path(self, rest: str) -> str:
        return f"{self.name.path}/{rest}"


def repository(name: str, *, insecure: bool = False, patience: Patience | None = None) -> Repository:
    """A repository of a registry that answers, by its name.

    Raises ConfigurationError where it is no name, OutOfReachError where nobody answers.
    """
    parsed = parse(name)
    transport = Transport(name=parsed, insecure=insecure, patience=patience or Patience())
    transport.connect()
    return Repository(name=parsed, transport=transport)
