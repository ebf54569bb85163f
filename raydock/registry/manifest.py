"""Manifests and descriptors (OCI image specification 1.1)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from raydock.core.files import digest_of
from raydock.core.models import convert, plain
from raydock.model.labels import Label

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ACCEPTED = (OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST)
EMPTY_TYPE, EMPTY = "application/vnd.oci.empty.v1+json", b"{}"


class Descriptor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A reference to a blob or manifest.

    Attributes:
        media_type: its media type.
        digest: its digest.
        size: its size in bytes.
    """

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest.

    Attributes:
        media_type: its media type.
        data: its bytes.
    """

    media_type: str
    data: bytes

    @cached_property
    def digest(self) -> str:
        return digest_of(self.data)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The parsed JSON. Raises ValueError or TypeError if it is not an object."""
        return {**json.loads(self.data)}

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.data))

    @property
    def config(self) -> str:
        """The digest of an image's configuration; empty for an index."""
        return str(self.document.get("config", {}).get("digest", ""))

    @property
    def parts(self) -> tuple[Descriptor, ...]:
        """An image's configuration and layers.

        Raises KeyError, TypeError or ValueError if it is not an image.
        """
        return convert([self.document["config"], *self.document["layers"]], tuple[Descriptor, ...])


def artifact(
    kind: str, blobs: Sequence[tuple[Descriptor, str]], subject: Descriptor | None, annotations: Mapping[str, str]
) -> Manifest:
    """The manifest of an artifact of a kind (artifactType).

    It has blobs with file names, and is attached to a subject if any.
    """
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": kind,
        "config": plain(Descriptor(media_type=EMPTY_TYPE, digest=digest_of(EMPTY), size=len(EMPTY))),
        "layers": [plain(blob) | {"annotations": {Label.TITLE: title}} for blob, title in blobs],
        "annotations": dict(annotations),
    }
    if subject:
        document["subject"] = plain(subject)
    return Manifest(media_type=OCI_MANIFEST, data=json.dumps(document, indent=1).encode())
