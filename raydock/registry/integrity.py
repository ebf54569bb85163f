"""Check that an image is complete in a registry: its manifest and every blob."""

from raydock.registry.manifest import Manifest
from raydock.registry.repository import Repository, UnreadableError


def verify_image(repository: Repository, digest: str) -> Manifest:
    """Check that every blob of an image exists with its size; returns its manifest.

    Raises UnreadableError, with what is wrong, if the image is incomplete.
    """
    manifest = repository.manifest(digest)
    if manifest is None:
        raise UnreadableError(f"{repository.name}@{digest} does not exist.")
    try:
        parts = manifest.parts
    except (ValueError, KeyError, TypeError):
        raise UnreadableError(f"{repository.name}@{digest} is not an image.") from None
    for part in parts:
        if problem := repository.find_blob_problem(part):
            raise UnreadableError(f"{repository.name}@{digest}: {problem}.")
    return manifest
