"""Artifacts attached to an image: by the referrers API, or the tag scheme for registries without it.

Source: OCI distribution specification 1.1, "Pushing Manifests with Subject" and "Unavailable Referrers API".
"""

import json
from typing import Any

from raydock.ship.registry.manifest import OCI_INDEX, Descriptor, Manifest
from raydock.ship.registry.repository import Repository, UnreadableError


def fallback_tag(digest: str) -> str:
    """The tag under which a registry without the API keeps the list of what is attached to a digest."""
    return digest.replace(":", "-")


def attached(repository: Repository, digest: str) -> dict[str, dict[str, Any]]:
    """What is attached to an image: the descriptors (OCI image specification) by digest.

    Raises UnreadableError where the list is none.
    """
    found = repository.get(f"referrers/{digest}", headers={"Accept": OCI_INDEX})
    if found is not None:
        return _entries(repository, found)
    manifest = repository.manifest(fallback_tag(digest))
    return _entries(repository, manifest.data) if manifest else {}


def attach(repository: Repository, subject: Descriptor, artifacts: list[Manifest]) -> None:
    """Attaches artifacts, whose blobs are there, to an image; writes nothing for those that are attached already."""
    there = attached(repository, subject.digest)
    new = [item for item in artifacts if item.digest not in there or repository.digest(item.digest) is None]
    linked = [repository.put(item.digest, item) for item in new]
    if all(linked):
        return
    entries = there | {item.digest: _entry(item) for item in new}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries.values())}
    data = json.dumps(index, indent=1).encode()
    repository.put(fallback_tag(subject.digest), Manifest(media_type=OCI_INDEX, data=data))


def _entry(manifest: Manifest) -> dict[str, Any]:
    document = manifest.document
    more = {"artifactType": document["artifactType"], "annotations": document["annotations"]}
    return manifest.descriptor.document | more


def _entries(repository: Repository, data: bytes) -> dict[str, dict[str, Any]]:
    try:
        return {str(item["digest"]): item for item in json.loads(data)["manifests"]}
    except (ValueError, KeyError, TypeError):
        raise UnreadableError(f"{repository.name}: a list of what is attached to an image is damaged.") from None
