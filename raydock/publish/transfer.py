"""Brings one image into one registry: pushed, whole, with what was found of it attached, and signed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from raydock.core.errors import OutOfReachError, RaydockError
from raydock.core.events import Listener
from raydock.core.files import digest_of
from raydock.model.labels import Label
from raydock.publish.attest import SourceRevision, statement
from raydock.publish.eligible import Ready
from raydock.publish.gate import KINDS, PROVENANCE
from raydock.publish.push import Pusher
from raydock.publish.release import PublishedImage
from raydock.publish.sign import Signer
from raydock.publish.todo import Todo, holds
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, Manifest, artifact
from raydock.registry.referrers import attach
from raydock.registry.repository import Repository, UnreadableError
from raydock.registry.whole import whole


class UnattachedError(OutOfReachError):
    """A registry does not store an image's attachments, and --require-attachments is given."""


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What became of an image: its entry in the release, its manifest, and why files are not attached, by name.

    `changed` is False if an image that was published before got no attachment that it lacked.
    """

    entry: PublishedImage
    manifest: Manifest
    changed: bool
    refused: Mapping[str, RaydockError] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """Carries images to one registry. `source` is what the checkout was when they were published."""

    repository: Repository
    pusher: Pusher
    signer: Signer | None
    source: SourceRevision
    require_attachments: bool = False
    listener: Listener = field(repr=False)

    def carry(self, todo: Todo) -> Carried:
        """Does what is to do but for the tag that moves; a step that is done already changes nothing.

        Raises UnreadableError if the image is not whole after its push, UnattachedError if attachments are required and
        not stored, OutOfReachError if a step cannot be done.
        """
        manifest, known = self._there(todo), todo.published
        files = todo.ready.proof.files | {PROVENANCE: statement(todo.ready, manifest.digest, self.source)}
        if known:
            files = {name: data for name, data in files.items() if name in known.unattached}
        self.listener(todo.name, "attaching what was found of it")
        attached, refused = self._attach(manifest, files)
        if refused and self.require_attachments:
            raise _required(f"{self.repository.name}@{manifest.digest}", refused)
        if known:
            sums = {name: digest_of(files[name]) for name in attached}
            entry = replace(known, files={**known.files, **sums}, attached={**known.attached, **attached})
            return Carried(entry=entry, manifest=manifest, changed=bool(attached), refused=refused)
        if self.signer:
            self.listener(todo.name, "signing")
            self.signer.sign(self.repository, manifest.digest)
        entry = _entry(todo.ready, manifest, files, attached, signed=self.signer is not None)
        return Carried(entry=entry, manifest=manifest, changed=True, refused=refused)

    def _there(self, todo: Todo) -> Manifest:
        """The manifest of the image, pushed where it is missing or not whole, and then whole."""
        name, image = self.repository.name, todo.ready.image
        if f"{name}:{todo.tag}" in image.tags:  # a run that was killed left it
            self.pusher.untag(f"{name}:{todo.tag}")
        if todo.there:
            try:
                return whole(self.repository, todo.there)
            except UnreadableError as error:
                self.listener(todo.name, f"pushing again: {error.what}")
        self.pusher.push(todo.name, image.id, str(name), todo.tag)
        digest = self.repository.digest(todo.tag)
        if digest is None:
            raise UnreadableError(f"{name}:{todo.tag} was pushed, and the registry does not have it.")
        manifest = whole(self.repository, digest)
        if not holds(self.repository, manifest, todo.ready.image):
            raise UnreadableError(f"{name}@{digest} is not the image {image.id}, which was pushed.")
        return manifest

    def _attach(self, manifest: Manifest, files: dict[str, bytes]) -> tuple[dict[str, str], dict[str, RaydockError]]:
        """Attaches files; returns the digests of the artifacts by the files' names, and why for those refused."""
        try:
            self.repository.upload(EMPTY, EMPTY_TYPE)
        except RefusedError as error:
            return {}, dict.fromkeys(files, error)
        made: dict[str, Manifest] = {}
        refused: dict[str, RaydockError] = {}
        for name, data in files.items():
            kind = KINDS[name]
            try:
                blob = self.repository.upload(data, kind)
            except RefusedError as error:
                refused[name] = error
                continue
            made[name] = artifact(kind, [(blob, name)], manifest.descriptor, {Label.TITLE: name})
        refused |= attach(self.repository, manifest.descriptor, made)
        return {name: item.digest for name, item in made.items() if name not in refused}, refused


def _required(image: str, refused: Mapping[str, RaydockError]) -> UnattachedError:
    error = next(iter(refused.values()))
    return UnattachedError(
        f"{', '.join(refused)} cannot be attached to {image}: {error.what}",
        meaning="--require-attachments is given: the image is pushed, and no tag that moves names it.",
        todo=f"{error.todo.rstrip('.')}; or publish without --require-attachments.".lstrip("; "),
    )


def _entry(
    ready: Ready, manifest: Manifest, files: dict[str, bytes], attached: dict[str, str], *, signed: bool
) -> PublishedImage:
    return PublishedImage(
        planned=ready.planned,
        fingerprint=ready.fingerprint,
        image_id=manifest.config,
        content=ready.image.content,
        digest=manifest.digest,
        media_type=manifest.media_type,
        manifest_bytes=len(manifest.data),
        compressed_bytes=sum(part.size for part in manifest.parts),
        python=ready.recipe.python,
        lock_sha256=ready.recipe.lock_sha256,
        published=datetime.now(UTC).isoformat(timespec="seconds"),
        signed=signed,
        packages={pin.name: pin.version for pin in ready.lock.pins.values()},
        reports=ready.proof.reports,
        files={name: digest_of(data) for name, data in files.items()},
        attached=attached,
    )
