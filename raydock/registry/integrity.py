"""Whether an image is whole in a registry: its manifest and every blob."""

from raydock.registry.manifest import Manifest
from raydock.registry.repository import Repository, UnreadableError


def verify_image(repository: Repository, digest: str) -> Manifest:
    """The manifest of an image whose every blob is there with its size.

    Raises UnreadableError, with what is wrong, where it is not.
    """
    manifest = repository.manifest(digest)
    if manifest is None:
        raise UnreadableError(f"{repository.name}@{digest} is not there.")
    try:
        parts = manifest.parts
    except (ValueError, KeyError, TypeError):
        raise UnreadableError(f"{repository.name}@{digest} is not an image.") from None
    for part in parts:
        if lack := repository.find_blob_problem(part):
            raise UnreadableError(f"{repository.name}@{digest}: {lack}.")
    return manifest
