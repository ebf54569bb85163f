"""Artifacts attached to an image: by the referrers API, or the tag scheme for registries without it.

Source: OCI distribution specification 1.1, "Pushing Manifests with Subject" and "Unavailable Referrers API".
"""

import json
from collections.abc import Mapping
from typing import Any

from raydock.core.errors import RaydockError
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import OCI_INDEX, Descriptor, Manifest
from raydock.registry.repository import Repository, UnreadableError, listed

Entries = dict[str, dict[str, Any]]


def fallback_tag(digest: str) -> str:
    """The tag under which a registry without the API keeps the list of what is attached to a digest."""
    return digest.replace(":", "-")


def attached(repository: Repository, digest: str) -> Entries:
    """What is attached to an image: the descriptors (OCI image specification) by digest.

    Both lists count: a registry may have got the API after the tag was written. Raises UnreadableError if there is no
    API, and the tag names something else.
    """
    known = repository.referrers(digest)
    try:
        return _tagged(repository, digest) | _by_digest(known or [])
    except UnreadableError:
        if known is None:
            raise
        return _by_digest(known)


def attach(repository: Repository, subject: Descriptor, artifacts: Mapping[str, Manifest]) -> dict[str, RaydockError]:
    """Attaches artifacts, whose blobs are in the repository, to an image; writes nothing for what is attached already.

    Returns why an artifact could not be attached, by name.
    """
    try:
        there = attached(repository, subject.digest)
    except UnreadableError as error:
        return dict.fromkeys(artifacts, error)
    refused: dict[str, RaydockError] = {}
    for name, item in artifacts.items():
        try:
            if item.digest not in there or repository.digest(item.digest) is None:
                repository.push_manifest(item.digest, item)
        except RefusedError as error:
            refused[name] = error
    new = {name: item for name, item in artifacts.items() if name not in refused and item.digest not in there}
    if new:
        # The header OCI-Subject would tell the same, but registries without the API send it too (sigstore/sigstore-js
        # pull request 1183, read 2026-11-29), and go-containerregistry's has the API and does not.
        known = _by_digest(repository.referrers(subject.digest) or [])
        new = {name: item for name, item in new.items() if item.digest not in known}
    try:
        if new:
            _list(repository, subject.digest, list(new.values()))
    except (RefusedError, UnreadableError) as error:
        refused |= dict.fromkeys(new, error)
    return refused


def _list(repository: Repository, digest: str, new: list[Manifest]) -> None:
    """Adds artifacts to the list under the tag. Raises UnreadableError if the registry does not keep it."""
    tag = fallback_tag(digest)
    entries = _tagged(repository, digest) | {item.digest: _entry(item) for item in new}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries.values())}
    made = Manifest(media_type=OCI_INDEX, data=json.dumps(index, indent=1).encode())
    repository.push_manifest(tag, made)
    if repository.digest(tag) != made.digest:
        raise UnreadableError(
            f"{repository.name.host} has no referrers API, and does not keep {repository.name}:{tag}, the tag in its"
            " place.",
            todo=f"use a registry that keeps it, or update {repository.name.host} to a version with the referrers API.",
        )


def _tagged(repository: Repository, digest: str) -> Entries:
    """The list under the tag.

    A registry may take the tag for the digest and answer with the image itself, or refuse the tag as not allowed.
    Source for GitLab: oras-project/oras-go issue 1396, read 2026-11-29.

    Raises UnreadableError if the tag names an image, which must not be overwritten.
    """
    tag = fallback_tag(digest)
    try:
        manifest = repository.manifest(tag)
    except RefusedError:
        return {}
    if manifest is None or manifest.digest == digest:
        return {}
    entries = listed(manifest.data)
    if entries is None:
        raise UnreadableError(
            f"{repository.name}:{tag} names {manifest.digest} ({manifest.media_type}), and not a list of what is"
            f" attached to {digest}.",
            todo="delete or rename that tag: the OCI distribution specification keeps it for that list.",
        )
    return _by_digest(entries)


def _by_digest(entries: list[dict[str, Any]]) -> Entries:
    return {str(entry["digest"]): entry for entry in entries}


def _entry(manifest: Manifest) -> dict[str, Any]:
    document = manifest.document
    more = {"artifactType": document["artifactType"], "annotations": document["annotations"]}
    return manifest.descriptor.document | more
