"""What there is to do for one image in one registry, found by looking alone."""

from dataclasses import dataclass

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
    if manifest and not holds(manifest, ready.image.id):
        raise PolicyError(
            f"{repository.name}:{tag} is there already, and is another image ({manifest.digest}).",
            meaning="That tag is made once and never overwritten, --force or not: somebody may run what it names.",
            todo="find out who pushed it. `./build.py build --no-cache` shows whether this build can be repeated; "
            "`docker pull` of that tag brings the published one here.",
        )
    return Todo(ready=ready, there=manifest.digest if manifest else None, moving=moving)


def holds(manifest: Manifest, image_id: str) -> bool:
    """Whether a manifest is that of an engine's image, whose id is its configuration's digest or its manifest's."""
    return image_id in {manifest.digest, manifest.config}


def _is(entry: Entry, ready: Ready) -> bool:
    """Whether the release names this build, with these reports."""
    reports = {name: digest for name, digest in entry.files.items() if name in ready.proof.sums}
    return (entry.fingerprint, entry.image_id) == (ready.fingerprint, ready.image.id) and reports == ready.proof.sums
