"""Clean-up of the engine after a bench."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import docker
from docker.errors import APIError

REPOSITORY = "raydock-bench"


@dataclass(frozen=True)
class Traces:
    """What a bench leaves in an engine: images under REPOSITORY, and new build steps.

    Attributes:
        client: the engine's client.
        before: the ids of the build steps that existed before the bench.
    """

    client: docker.DockerClient
    before: frozenset[str]

    def sweep(self) -> None:
        """Remove the bench's images, except its bases, and the build steps made since it began."""
        remove_images(self.client, REPOSITORY, but=f"{REPOSITORY}:base-")
        self.prune(mounts=False)

    def prune(self, *, mounts: bool) -> None:
        """Remove the build steps made since the bench began; with `mounts` also its cache mounts.

        A step can be removed only after the steps that depend on it, so this repeats until nothing more is removed.
        """
        while True:
            removed = 0
            for record in reversed(self.client.df()["BuildCache"] or ()):
                if self._is_own(record, mounts):
                    with suppress(APIError):
                        done = self.client.api.prune_builds(all=True, filters={"id": record["ID"]})
                        removed += len(done["CachesDeleted"] or ())
            if not removed:
                return

    def remove_all(self) -> None:
        """Remove everything that the bench left."""
        remove_images(self.client, REPOSITORY)
        self.prune(mounts=True)

    def _is_own(self, record: dict[str, str], mounts: bool) -> bool:
        if record["Type"] == "exec.cachemount":
            return mounts and f'with id "/{REPOSITORY}' in record["Description"]
        return record["ID"] not in self.before


@contextmanager
def swept(client: docker.DockerClient) -> Iterator[Traces]:
    """Remove everything of a bench from the engine afterwards.

    Builds of others that run at the same time can lose their cache.
    """
    traces = Traces(client, frozenset(record["ID"] for record in client.df()["BuildCache"] or ()))
    try:
        yield traces
    finally:
        traces.remove_all()


def remove_images(client: docker.DockerClient, repository: str, but: str = "-") -> None:
    """Remove the images of a repository, except tags that begin with `but`."""
    for image in client.images.list(repository):
        for tag in image.tags:
            if tag.startswith(f"{repository}:") and not tag.startswith(but):
                client.images.remove(tag, force=True)
