"""The release in its registry: an OCI artifact `<registry>/index:latest`, and `:<date>-<n>` for each one made."""

from datetime import UTC, datetime

from raydock.errors import ConfigurationError
from raydock.ship.registry.manifest import EMPTY, EMPTY_TYPE, artifact
from raydock.ship.registry.repository import Repository, UnreadableError, repository
from raydock.ship.release import document
from raydock.ship.release.release import Release

INDEX, LATEST = "index", "latest"
KIND, FILE = "application/vnd.raydock.release.v1+json", "release.json"
_CONTENT = "application/json"


def read(images: Repository, tag: str = LATEST) -> Release | None:
    """The release of a registry; None where it has none.

    Raises ConfigurationError where it is damaged or newer than this raydock, OutOfReachError where nobody answers.
    """
    index = images.beside(INDEX)
    where = f"release.json of {index.name}:{tag}"
    try:
        manifest = index.manifest(tag)
        if manifest is None:
            return None
        (layer,) = manifest.document["layers"]
        data = index.blob(layer["digest"])
    except (UnreadableError, ValueError, KeyError, TypeError) as error:
        raise document.damaged(where, str(error).rstrip(".")) from None
    return document.load(data, where)


def found(images: Repository) -> Release:
    """The release of a registry. Raises ConfigurationError where it has none."""
    release = read(images)
    if release is None:
        raise ConfigurationError(
            f"{images.name} has no release: nothing was published there.",
            todo=f"look whether the name is right, or `./build.py publish --registry {images.name}`.",
        )
    return release


def fingerprints(registry: str, *, insecure: bool = False) -> dict[str, str]:
    """The fingerprint of each image that a registry's release names, by variant; nothing where it has no release.

    Raises what `read` raises.
    """
    release = read(repository(registry, insecure=insecure))
    return {item.name: item.fingerprint for item in release.entries} if release else {}


def next_id(images: Repository, today: datetime | None = None) -> str:
    """The tag of a release made today (UTC): 20261125-1 is the day's first."""
    day = f"{today or datetime.now(UTC):%Y%m%d}"
    numbers = [int(tag.removeprefix(f"{day}-")) for tag in images.beside(INDEX).tags() if _of(day, tag)]
    return f"{day}-{max(numbers, default=0) + 1}"


def write(images: Repository, release: Release) -> None:
    """Pushes a release under its id, and then as the latest."""
    index = images.beside(INDEX)
    index.upload(EMPTY, EMPTY_TYPE)
    blob = index.upload(document.dump(release), _CONTENT)
    made = {"org.opencontainers.image.created": release.created, "org.opencontainers.image.version": release.id}
    manifest = artifact(KIND, [(blob, FILE)], None, made)
    index.put(release.id, manifest)
    index.put(LATEST, manifest)


def _of(day: str, tag: str) -> bool:
    begin, _, number = tag.partition("-")
    return begin == day and number.isdigit()
