"""The engine as a bench finds it and leaves it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import docker
from docker.errors import APIError

REPOSITORY = "raydock-bench"


@dataclass(frozen=True)
class Traces:
    """What a bench leaves in an engine: images under REPOSITORY, and build steps that are not in `before`."""

    client: docker.DockerClient
    before: frozenset[str]

    def sweep(self) -> None:
        """Removes the bench's images, but for its bases, and the build steps made since it began."""
        remove_images(self.client, REPOSITORY, but=f"{REPOSITORY}:base-")
        self.prune(mounts=False)

    def prune(self, *, mounts: bool) -> None:
        """Removes build steps made since; with `mounts` the bench's cache mounts too.

        A step goes after those that stand on it, so this goes over the list until nothing more goes.
        """
        while True:
            gone = 0
            for record in reversed(self.client.df()["BuildCache"] or ()):
                if self._own(record, mounts):
                    with suppress(APIError):
                        done = self.client.api.prune_builds(all=True, filters={"id": record["ID"]})
                        gone += len(done["CachesDeleted"] or ())
            if not gone:
                return

    def remove_all(self) -> None:
        """Removes everything."""
        remove_images(self.client, REPOSITORY)
        self.prune(mounts=True)

    def _own(self, record: dict[str, str], mounts: bool) -> bool:
        if record["Type"] == "exec.cachemount":
            return mounts and f'with id "/{REPOSITORY}' in record["Description"]
        return record["ID"] not in self.before


@contextmanager
def swept(client: docker.DockerClient) -> Iterator[Traces]:
    """Sees to it that nothing of a bench is left in the engine; what others build meanwhile may lose its cache."""
    traces = Traces(client, frozenset(record["ID"] for record in client.df()["BuildCache"] or ()))
    try:
        yield traces
    finally:
        traces.remove_all()


def remove_images(client: docker.DockerClient, repository: str, but: str = "-") -> None:
    """Removes the images of a repository, but for tags that begin with `but`."""
    for image in client.images.list(repository):
        for tag in image.tags:
            if tag.startswith(f"{repository}:") and not tag.startswith(but):
                client.images.remove(tag, force=True)
