"""Upload one image to one registry, as far as the registry does not have it.

Push it, verify it, attach its reports and SBOMs, sign it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from raydock.core.errors import OutOfReachError, PolicyError, RaydockError
from raydock.core.events import Listener
from raydock.core.files import digest_of
from raydock.core.outcomes import attempt, split
from raydock.engine.identity import from_configuration
from raydock.model.image import ContainerImage
from raydock.model.labels import Label
from raydock.publish.attest import SourceRevision, provenance_statement
from raydock.publish.gate import KINDS, PROVENANCE, PublishableBuild
from raydock.publish.options import PublishOptions
from raydock.publish.push import Pusher
from raydock.publish.release import PublishedImage
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, Manifest, artifact
from raydock.registry.referrers import attach
from raydock.registry.repository import Repository, UnreadableError, verify_image


@dataclass(frozen=True, kw_only=True)
class PublishTask:
    """What a registry has of an image, and so what is left to publish.

    Attributes:
        build: the build to publish.
        digest: the digest of the image in the registry; None if it was not pushed.
        variant_tag_digest: the digest that the variant's own tag names; None if the tag does not exist.
        published: the release entry if the image is already published: only its unattached files are left to attach.
    """

    build: PublishableBuild
    digest: str | None
    variant_tag_digest: str | None
    published: PublishedImage | None = None

    @property
    def unchanged(self) -> bool:
        """Whether nothing is left to publish."""
        return self.published is not None and not self.published.unattached


def plan_task(repository: Repository, build: PublishableBuild, known: PublishedImage | None) -> PublishTask:
    """Plan what to publish of a build.

    Costs one HEAD request if `known`, the release entry, is of this build.

    Raises PolicyError if the immutable tag names a different image.
    """
    variant_tag_digest = repository.digest(build.name)
    if known and _is_entry_of(known, build) and variant_tag_digest == known.digest:
        return PublishTask(
            build=build, digest=variant_tag_digest, variant_tag_digest=variant_tag_digest, published=known
        )
    manifest = repository.manifest(build.tag)
    if manifest and not is_manifest_of(repository, manifest, build.image):
        raise PolicyError(
            f"{repository.name}:{build.tag} already exists and is a different image ({manifest.digest}).",
            meaning="An immutable tag is never overwritten, not even with --force: a cluster may run its image.",
            todo="find out who pushed it. `./build.py build --no-cache` shows whether this build is reproducible; "
            "`docker pull` of that tag fetches the published image.",
        )
    return PublishTask(build=build, digest=manifest.digest if manifest else None, variant_tag_digest=variant_tag_digest)


def is_manifest_of(repository: Repository, manifest: Manifest, image: ContainerImage) -> bool:
    """Whether a manifest is that of an image, whichever image store built the image.

    Raises UnreadableError if the image's configuration is missing from the repository.
    """
    if {manifest.digest, manifest.config} & image.digests:
        return True
    if not manifest.config:  # an index, or an artifact of a different kind
        return False
    try:
        return image.is_same(from_configuration(repository.blob(manifest.config), {manifest.digest, manifest.config}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _is_entry_of(entry: PublishedImage, build: PublishableBuild) -> bool:
    """Whether a release entry is of this build, with these reports."""
    sums = {name: digest_of(data) for name, data in build.evidence.files.items()}
    reports = {name: digest for name, digest in entry.files.items() if name in sums}
    return (entry.fingerprint, entry.content) == (build.recipe.fingerprint, build.image.content) and reports == sums


@dataclass(frozen=True, kw_only=True)
class UploadedImage:
    """An image that was uploaded.

    Attributes:
        entry: its entry in the release.
        manifest: its manifest in the registry.
        changed: False if the image was already published and got no new attachment.
        refused: why a file is not attached, by file name.
    """

    entry: PublishedImage
    manifest: Manifest
    changed: bool
    refused: Mapping[str, RaydockError] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Uploader:
    """Uploads images to one registry.

    Attributes:
        repository: the image repository.
        pusher: pushes with the engine.
        source: the git state of the checkout.
        options: how images are published.
        listener: gets progress messages.
    """

    repository: Repository
    pusher: Pusher
    source: SourceRevision
    options: PublishOptions
    listener: Listener = field(repr=False)

    def stop(self) -> None:
        """Stop running pushes and signatures."""
        self.pusher.stop()
        if self.options.signer:
            self.options.signer.processes.stop()

    def upload(self, task: PublishTask) -> UploadedImage:
        """Upload an image without moving a tag.

        A step that is already done changes nothing.

        Raises UnreadableError if the image is incomplete after its push, OutOfReachError if a step fails or attachments
        are required and not stored.
        """
        manifest, known = self._push(task), task.published
        files = task.build.evidence.files | {PROVENANCE: provenance_statement(task.build, manifest.digest, self.source)}
        if known:
            files = {name: data for name, data in files.items() if name in known.unattached}
        self.listener(task.build.name, "attaching reports and SBOMs")
        attached, refused = self._attach(manifest, files)
        if refused and self.options.require_attachments:
            raise _required(f"{self.repository.name}@{manifest.digest}", refused)
        if known:
            sums = {name: digest_of(files[name]) for name in attached}
            entry = replace(known, files={**known.files, **sums}, attached={**known.attached, **attached})
            return UploadedImage(entry=entry, manifest=manifest, changed=bool(attached), refused=refused)
        if self.options.signer:
            self.listener(task.build.name, "signing")
            self.options.signer.sign(self.repository, manifest.digest)
        entry = _entry(task.build, manifest, files, attached, signed=self.options.signer is not None)
        return UploadedImage(entry=entry, manifest=manifest, changed=True, refused=refused)

    def _push(self, task: PublishTask) -> Manifest:
        """Push the image if it is missing or incomplete; returns its manifest, verified."""
        name, image = self.repository.name, task.build.image
        if f"{name}:{task.build.tag}" in image.tags:  # left by a killed run
            self.pusher.untag(f"{name}:{task.build.tag}")
        if task.digest:
            try:
                return verify_image(self.repository, task.digest)
            except UnreadableError as error:
                self.listener(task.build.name, f"pushing again: {error.what}")
        self.pusher.push(task.build.name, image.id, str(name), task.build.tag)
        digest = self.repository.digest(task.build.tag)
        if digest is None:
            raise UnreadableError(f"{name}:{task.build.tag} was pushed, but the registry does not have it.")
        manifest = verify_image(self.repository, digest)
        if not is_manifest_of(self.repository, manifest, task.build.image):
            raise UnreadableError(f"{name}@{digest} is not the pushed image {image.id}.")
        return manifest

    def _attach(self, manifest: Manifest, files: dict[str, bytes]) -> tuple[dict[str, str], dict[str, RaydockError]]:
        """Attach files to an image.

        Returns the digests of their artifacts, and why a file was refused, both by file name.
        """
        try:
            self.repository.upload(EMPTY, EMPTY_TYPE)
        except RefusedError as error:
            return {}, dict.fromkeys(files, error)

        def create(name: str) -> Manifest:
            kind = KINDS[name]
            blob = self.repository.upload(files[name], kind)
            return artifact(kind, [(blob, name)], manifest.descriptor, {Label.TITLE: name})

        artifacts, refused = split({name: attempt(create, name, (RefusedError,)) for name in files})
        refused |= attach(self.repository, manifest.descriptor, artifacts)
        return {name: attached.digest for name, attached in artifacts.items() if name not in refused}, refused


def _required(image: str, refused: Mapping[str, RaydockError]) -> OutOfReachError:
    error = next(iter(refused.values()))
    return OutOfReachError(
        f"{', '.join(refused)} cannot be attached to {image}: {error.what}",
        meaning="--require-attachments is set: the image is pushed, but no movable tag names it.",
        todo=f"{error.todo.rstrip('.')}; or publish without --require-attachments.".lstrip("; "),
    )


def _entry(
    build: PublishableBuild, manifest: Manifest, files: dict[str, bytes], attached: dict[str, str], *, signed: bool
) -> PublishedImage:
    return PublishedImage(
        planned=build.planned,
        fingerprint=build.recipe.fingerprint,
        image_id=manifest.config,
        content=build.image.content,
        digest=manifest.digest,
        media_type=manifest.media_type,
        manifest_bytes=len(manifest.data),
        compressed_bytes=sum(part.size for part in manifest.parts),
        python=build.recipe.python,
        lock_sha256=build.recipe.lock_sha256,
        published=datetime.now(UTC).isoformat(timespec="seconds"),
        signed=signed,
        packages={pin.name: pin.version for pin in build.lock.pins.values()},
        reports=build.evidence.reports,
        files={name: digest_of(data) for name, data in files.items()},
        attached=attached,
    )
