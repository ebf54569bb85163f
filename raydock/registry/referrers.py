"""Artifacts attached to an image.

By the referrers API, or by the tag scheme if the registry lacks the API.

Source: OCI distribution specification 1.1, "Pushing Manifests with Subject" and "Unavailable Referrers API".
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from raydock.core.errors import RaydockError
from raydock.core.models import plain
from raydock.core.outcomes import attempt, split
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import OCI_INDEX, Descriptor, Manifest
from raydock.registry.repository import Entries, Repository, UnreadableError, parse_index


def fallback_tag(digest: str) -> str:
    """The tag that names the list of referrers of a digest.

    It is for registries without the API.
    """
    return digest.replace(":", "-")


def attached(repository: Repository, digest: str) -> Entries:
    """The descriptors of the artifacts that are attached to an image, by digest.

    Both lists count: a registry may have got the API after the tag was written. Raises UnreadableError if there is no
    API and the tag does not name a list of referrers.
    """
    known = repository.referrers(digest)
    try:
        return _tagged(repository, digest) | (known or {})
    except UnreadableError:
        if known is None:
            raise
        return known


def attach(repository: Repository, subject: Descriptor, artifacts: Mapping[str, Manifest]) -> dict[str, RaydockError]:
    """Attach artifacts, whose blobs are already uploaded, to an image.

    Attached artifacts are not written again.

    Returns why an artifact could not be attached, by name.
    """
    try:
        known = attached(repository, subject.digest)
    except UnreadableError as error:
        return dict.fromkeys(artifacts, error)

    def push(manifest: Manifest) -> None:
        if manifest.digest not in known or repository.digest(manifest.digest) is None:
            repository.push_manifest(manifest.digest, manifest)

    _, refused = split({name: attempt(push, manifest, (RefusedError,)) for name, manifest in artifacts.items()})
    new = {
        name: manifest for name, manifest in artifacts.items() if name not in refused and manifest.digest not in known
    }
    # The header OCI-Subject does not show it: registries without the API send it too (sigstore/sigstore-js pull request
    # 1183, read 2026-11-29), and the registry of go-containerregistry has the API but does not send it.
    listed = (repository.referrers(subject.digest) or {}) if new else {}
    unlisted = {name: manifest for name, manifest in new.items() if manifest.digest not in listed}
    try:
        if unlisted:
            _add_to_tag(repository, subject.digest, unlisted.values())
    except (RefusedError, UnreadableError) as error:
        refused |= dict.fromkeys(unlisted, error)
    return refused


def _add_to_tag(repository: Repository, digest: str, new: Iterable[Manifest]) -> None:
    """Add artifacts to the list that the tag names.

    Raises UnreadableError if the registry does not store it.
    """
    tag = fallback_tag(digest)
    entries = _tagged(repository, digest) | {manifest.digest: _entry(manifest) for manifest in new}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries.values())}
    manifest = Manifest(media_type=OCI_INDEX, data=json.dumps(index, indent=1).encode())
    repository.push_manifest(tag, manifest)
    if repository.digest(tag) != manifest.digest:
        raise UnreadableError(
            f"{repository.name.host} has no referrers API and does not store {repository.name}:{tag}, the tag in its"
            " place.",
            todo=f"use a registry that stores it, or a version of {repository.name.host} with the referrers API.",
        )


def _tagged(repository: Repository, digest: str) -> Entries:
    """The list that the tag names.

    A registry may read the tag as the digest and answer with the image itself, or refuse the tag.
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
    entries = parse_index(manifest.data)
    if entries is None:
        raise UnreadableError(
            f"{repository.name}:{tag} names {manifest.digest} ({manifest.media_type}), not the list of what is"
            f" attached to {digest}.",
            todo="delete or rename that tag: the OCI distribution specification reserves it for that list.",
        )
    return entries


def _entry(manifest: Manifest) -> dict[str, Any]:
    return {**plain(manifest.descriptor), **{key: manifest.document[key] for key in ("artifactType", "annotations")}}
