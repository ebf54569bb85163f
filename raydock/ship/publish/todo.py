"""What there is to do for one image in one registry, found by looking alone."""

from dataclasses import dataclass

from raydock.build.identity import ImageIdentity, of_configuration
from raydock.errors import PolicyError
from raydock.ship.publish.ready import Ready
from raydock.ship.registry.manifest import Manifest
from raydock.ship.registry.repository import Repository
from raydock.ship.release.release import Entry
from raydock.ship.tags import immutable


@dataclass(frozen=True, kw_only=True)
class Todo:
    """What a registry holds of an image: its digest under the tag that never moves, what the moving tag names, and the
    release's entry if the image is published already: then only its unattached files are to be attached, if any."""

    ready: Ready
    there: str | None
    moving: str | None
    published: Entry | None = None

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


def look(repository: Repository, ready: Ready, known: Entry | None) -> Todo:
    """What there is to do for an image; one HEAD where `known`, the release's entry, says that it is published.

    Raises PolicyError where the tag that is made once names another image.
    """
    moving = repository.digest(ready.name)
    if known and _is(known, ready) and moving == known.digest:
        return Todo(ready=ready, there=moving, moving=moving, published=known)
    tag = immutable(ready.name, ready.fingerprint)
    manifest = repository.manifest(tag)
    if manifest and not holds(repository, manifest, ready.image.identity):
        raise PolicyError(
            f"{repository.name}:{tag} is there already, and is another image ({manifest.digest}).",
            meaning="That tag is made once and never overwritten, --force or not: somebody may run what it names.",
            todo="find out who pushed it. `./build.py build --no-cache` shows whether this build can be repeated; "
            "`docker pull` of that tag brings the published one here.",
        )
    return Todo(ready=ready, there=manifest.digest if manifest else None, moving=moving)


def holds(repository: Repository, manifest: Manifest, image: ImageIdentity) -> bool:
    """Whether a manifest of a repository is that of an image, whichever store the image was built in.

    Raises UnreadableError if the image's configuration is missing in the repository.
    """
    if {manifest.digest, manifest.config} & image.digests:
        return True
    if not manifest.config:  # an index, or an artifact of a different kind
        return False
    try:
        return image.is_same(of_configuration(repository.blob(manifest.config), {manifest.digest, manifest.config}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _is(entry: Entry, ready: Ready) -> bool:
    """Whether the release names this build, with these reports."""
    reports = {name: digest for name, digest in entry.files.items() if name in ready.proof.sums}
    build = ready.fingerprint, ready.image.identity.content
    return (entry.fingerprint, entry.content) == build and reports == ready.proof.sums
