"""Transfer images between the engines of CI jobs, through a repository.

The repository is used only for that.

An image keeps its content, so reports made on one engine are valid on the next. The bases are transferred too: a
fingerprint includes the base, and `publish` checks that an image is up to date with the checkout.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import NotFound

from raydock.builder.baserecipe import REPOSITORY, recipe_for
from raydock.core.errors import OutOfReachError, RaydockError, VariantError
from raydock.core.events import Listener
from raydock.core.outcomes import attempt_each
from raydock.engine.client import reaching
from raydock.engine.localimage import find_image, get_image
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned

_LOGIN = "check the repository's name and `docker login`."


@dataclass(frozen=True, kw_only=True)
class ImageHandover:
    """Transfers images through a repository.

    The repository has one tag for each variant or base, which the next run moves.

    Attributes:
        client: the Docker client of the engine.
        repository: the repository to transfer through.
        local: the repository that names variants on the engine; bases have their own.
        listener: gets progress messages.
        jobs: how many images are transferred at a time.
    """

    client: docker.DockerClient
    repository: str
    local: str
    listener: Listener
    jobs: int

    def push(self, names: Iterable[str], bases: Iterable[str]) -> dict[str, RaydockError]:
        """Push the images of variants, and bases by tag.

        Returns why an image could not be pushed, by name.
        """
        return self._each(self._push, names, bases)

    def pull(self, names: Iterable[str], bases: Iterable[str]) -> dict[str, RaydockError]:
        """Pull the images of variants, and bases by tag.

        They get the tags that every command uses.

        Returns why an image could not be pulled, by name.
        """
        return self._each(self._pull, names, bases)

    def _each(
        self, move: Callable[[str, str], None], names: Iterable[str], bases: Iterable[str]
    ) -> dict[str, RaydockError]:
        local = dict.fromkeys(names, self.local) | dict.fromkeys(bases, REPOSITORY)

        def move_image(name: str) -> None:
            with reaching(f"moving {name}"):
                move(local[name], name)

        return attempt_each(move_image, {name: name for name in local}, self.jobs)[1]

    def _push(self, local: str, name: str) -> None:
        self.listener(name, f"pushing to {self.repository}")
        self.client.images.get(f"{local}:{name}").tag(self.repository, name)
        try:
            _raise_refused(self.client.api.push(self.repository, name, stream=True, decode=True), self.repository)
        finally:
            self.client.images.remove(f"{self.repository}:{name}", noprune=True)

    def _pull(self, local: str, name: str) -> None:
        self.listener(name, f"pulling from {self.repository}")
        try:
            _raise_refused(self.client.api.pull(self.repository, name, stream=True, decode=True), self.repository)
            self._tag(f"{self.repository}:{name}", local, name)
        except NotFound:
            raise VariantError(
                f"{self.repository} does not have {name}.",
                todo="read the log of the job that should build and push it.",
            ) from None
        self.client.images.remove(f"{self.repository}:{name}", noprune=True)

    def _tag(self, pulled: str, local: str, name: str) -> None:
        """Give a pulled image its local tag, unless that tag already names it.

        With containerd's image store, an engine does not download layers that it has in a different compression (moby
        issue 49784, read on 2026-11-29). Such a pulled image cannot be built on; the existing image is complete.
        """
        image, before = get_image(self.client, pulled), find_image(self.client, f"{local}:{name}")
        if before is None or not image.is_same(before):
            self.client.api.tag(image.id, local, name)


def base_tags(project: Project, chosen: Iterable[Planned]) -> list[str]:
    """The tags of the bases of variants, in the bases' own repository."""
    refs = {recipe_for(project.matrix, planned.variant, project.checkout).ref for planned in chosen}
    return sorted(ref.removeprefix(f"{REPOSITORY}:") for ref in refs)


def _raise_refused(events: Iterable[dict[str, Any]], repository: str) -> None:
    """Read the engine's progress of a push or pull.

    Raises OutOfReachError if the registry refuses.
    """
    for event in events:
        if "error" in event:
            raise OutOfReachError(f"{repository} refuses: {event['error']}.", todo=_LOGIN)
