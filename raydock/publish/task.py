"""Plan what to publish of one image to one registry, by reading the registry."""

from dataclasses import dataclass

from raydock.core.errors import PolicyError
from raydock.engine.identity import from_configuration
from raydock.model.image import ContainerImage
from raydock.publish.eligible import PublishableBuild
from raydock.publish.release import PublishedImage
from raydock.publish.tags import immutable_tag
from raydock.registry.manifest import Manifest
from raydock.registry.repository import Repository


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

    @property
    def name(self) -> str:
        return self.build.name

    @property
    def tag(self) -> str:
        """The immutable tag."""
        return immutable_tag(self.name, self.build.fingerprint)


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
    tag = immutable_tag(build.name, build.fingerprint)
    manifest = repository.manifest(tag)
    if manifest and not is_manifest_of(repository, manifest, build.image):
        raise PolicyError(
            f"{repository.name}:{tag} already exists and is a different image ({manifest.digest}).",
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
    sums = build.evidence.sums
    reports = {name: digest for name, digest in entry.files.items() if name in sums}
    return (entry.fingerprint, entry.content) == (build.fingerprint, build.image.content) and reports == sums
