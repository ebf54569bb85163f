"""Brings one image into one registry: pushed, whole, with what was found of it attached, signed, and its tag moved."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from raydock.events import Listener
from raydock.files import digest_of
from raydock.ship.publish.gate import KINDS, PROVENANCE
from raydock.ship.publish.provenance import Source, statement
from raydock.ship.publish.push import Pusher
from raydock.ship.publish.ready import Ready
from raydock.ship.publish.sign import Signer
from raydock.ship.publish.todo import Todo, holds
from raydock.ship.registry.manifest import EMPTY, EMPTY_TYPE, Manifest, artifact
from raydock.ship.registry.referrers import attach
from raydock.ship.registry.repository import Repository, UnreadableError
from raydock.ship.registry.whole import whole
from raydock.ship.release.release import Entry


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """Carries images to one registry. `source` is what the checkout was when they were published."""

    repository: Repository
    pusher: Pusher
    signer: Signer | None
    source: Source
    listener: Listener = field(repr=False)

    def carry(self, todo: Todo) -> Entry:
        """Does what is to do, each step only after the one before it; a step that is done already changes nothing.

        Raises UnreadableError where the image is not whole after its push, OutOfReachError where a step cannot be done.
        """
        # Asks for the right to write: a read-only registry is told at once, and the engine would try for a minute.
        self.repository.upload(EMPTY, EMPTY_TYPE)
        manifest = self._there(todo)
        files = todo.ready.proof.files | {PROVENANCE: statement(todo.ready, manifest.digest, self.source)}
        self.listener(todo.name, "attaching what was found of it")
        attached = self._attach(manifest, files)
        if self.signer:
            self.listener(todo.name, "signing")
            self.signer.sign(self.repository, manifest.digest)
        if todo.moving != manifest.digest:
            self.listener(todo.name, f"moving the tag {todo.name}")
            self.repository.put(todo.name, manifest)
        return _entry(todo.ready, manifest, files, attached, signed=self.signer is not None)

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
        if not holds(self.repository, manifest, todo.ready.image.identity):
            raise UnreadableError(f"{name}@{digest} is not the image {image.id}, which was pushed.")
        return manifest

    def _attach(self, manifest: Manifest, files: dict[str, bytes]) -> dict[str, str]:
        """Attaches files; returns the digests of the artifacts by the files' names."""
        made = {}
        for name, data in files.items():
            kind = KINDS[name]
            blob = self.repository.upload(data, kind)
            made[name] = artifact(kind, [(blob, name)], manifest.descriptor, {"org.opencontainers.image.title": name})
        attach(self.repository, manifest.descriptor, list(made.values()))
        return {name: item.digest for name, item in made.items()}


def _entry(
    ready: Ready, manifest: Manifest, files: dict[str, bytes], attached: dict[str, str], *, signed: bool
) -> Entry:
    return Entry(
        planned=ready.planned,
        fingerprint=ready.fingerprint,
        image_id=manifest.config,
        content=ready.image.identity.content,
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
