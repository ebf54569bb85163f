"""What there is to do for one image in one registry, found by looking alone."""

from dataclasses import dataclass

from raydock.core.errors import PolicyError
from raydock.engine.identity import from_configuration
from raydock.model.image import ContainerImage
from raydock.publish.eligible import Ready
from raydock.publish.release import PublishedImage
from raydock.publish.tags import immutable
from raydock.registry.manifest import Manifest
from raydock.registry.repository import Repository


@dataclass(frozen=True, kw_only=True)
class Todo:
    """What a registry holds of an image: its digest under the tag that never moves, what the moving tag names, and the
    release's entry if the image is published already: then only its unattached files are to be attached, if any."""

    ready: Ready
    there: str | None
    moving: str | None
    published: PublishedImage | None = None

    @property
    def unchanged(self) -> bool:
        """Whether nothing is to be done."""
        return self.published is not None and not self.published.unattached

    @property
    def name(self) -> str:
        return self.ready.name

    @property
    def tag(self) -> str:
        """The tag that is made once."""
        return immutable(self.name, self.ready.fingerprint)


def look(repository: Repository, ready: Ready, known: PublishedImage | None) -> Todo:
    """What there is to do for an image; one HEAD where `known`, the release's entry, says that it is published.

    Raises PolicyError where the tag that is made once names another image.
    """
    moving = repository.digest(ready.name)
    if known and _is(known, ready) and moving == known.digest:
        return Todo(ready=ready, there=moving, moving=moving, published=known)
    tag = immutable(ready.name, ready.fingerprint)
    manifest = repository.manifest(tag)
    if manifest and not holds(repository, manifest, ready.image):
        raise PolicyError(
            f"{repository.name}:{tag} is there already, and is another image ({manifest.digest}).",
            meaning="That tag is made once and never overwritten, --force or not: somebody may run what it names.",
            todo="find out who pushed it. `./build.py build --no-cache` shows whether this build can be repeated; "
            "`docker pull` of that tag brings the published one here.",
        )
    return Todo(ready=ready, there=manifest.digest if manifest else None, moving=moving)


def holds(repository: Repository, manifest: Manifest, image: ContainerImage) -> bool:
    """Whether a manifest of a repository is that of an image, whichever store the image was built in.

    Raises UnreadableError if the image's configuration is missing in the repository.
    """
    if {manifest.digest, manifest.config} & image.digests:
        return True
    if not manifest.config:  # an index, or an artifact of a different kind
        return False
    try:
        return image.is_same(from_configuration(repository.blob(manifest.config), {manifest.digest, manifest.config}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _is(entry: PublishedImage, ready: Ready) -> bool:
    """Whether the release names this build, with these reports."""
    reports = {name: digest for name, digest in entry.files.items() if name in ready.proof.sums}
    build = ready.fingerprint, ready.image.content
    return (entry.fingerprint, entry.content) == build and reports == ready.proof.sums
