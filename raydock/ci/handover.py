"""Images handed from one job's engine to another's, by a repository that is for nothing else.

An image keeps its content on the way, so that reports made on one engine hold on the next. The bases go with them: a
fingerprint is over the base, and `publish` checks whether an image is what the checkout describes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError, NotFound

from raydock.builder.baserecipe import REPOSITORY, recipe_for
from raydock.core.errors import OutOfReachError, RaydockError, VariantError
from raydock.core.events import Listener
from raydock.core.parallel import in_parallel
from raydock.engine.client import reaching
from raydock.engine.localimage import find_image, get_image
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned

_LOGIN = "check the repository's name and `docker login`."


@dataclass(frozen=True, kw_only=True)
class Work:
    """A repository for images on their way: one tag a variant or base, which the next run moves.

    `local` is the repository under whose tags the engine keeps variants; bases have their own.
    """

    client: docker.DockerClient
    repository: str
    local: str
    listener: Listener
    jobs: int

    def push(self, names: Iterable[str], bases: Iterable[str]) -> dict[str, RaydockError]:
        """Puts variants' images and the bases of these tags there from the engine; why not, by name, for those that the
        registry does not take."""
        return self._each(self._push, names, bases)

    def pull(self, names: Iterable[str], bases: Iterable[str]) -> dict[str, RaydockError]:
        """Fetches variants' images and bases, under the tags by which every command finds them; why not, for those not
        there."""
        return self._each(self._pull, names, bases)

    def _each(
        self, move: Callable[[str, str], None], names: Iterable[str], bases: Iterable[str]
    ) -> dict[str, RaydockError]:
        local = dict.fromkeys(names, self.local) | dict.fromkeys(bases, REPOSITORY)

        def one(name: str) -> tuple[str, RaydockError | None]:
            try:
                with reaching(f"moving {name}"):
                    move(local[name], name)
            except RaydockError as error:
                return name, error
            return name, None

        return {name: error for name, error in in_parallel(one, local, self.jobs) if error}

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
            self._keep(f"{self.repository}:{name}", local, name)
        except NotFound:
            raise VariantError(
                f"{self.repository} holds no {name}.", todo="read the log of the job that was to build and push it."
            ) from None
        self.client.images.remove(f"{self.repository}:{name}", noprune=True)

    def _keep(self, pulled: str, local: str, name: str) -> None:
        """Give a pulled image its local tag, unless that tag is the same image already.

        With containerd's image store, an engine does not download layers that it has in a different compression (moby
        issue 49784, read on 2026-11-29): nothing can be built on an image pulled so, and the one before is complete.
        """
        image, before = get_image(self.client, pulled), find_image(self.client, f"{local}:{name}")
        if before is None or not image.is_same(before):
            self.client.api.tag(image.id, local, name)


def base_tags(project: Project, chosen: Iterable[Planned]) -> list[str]:
    """The tags, within the bases' own repository, of what variants stand on."""
    refs = {recipe_for(project.matrix, item.variant, project.checkout).ref for item in chosen}
    return sorted(ref.removeprefix(f"{REPOSITORY}:") for ref in refs)


def _raise_refused(events: Iterable[dict[str, Any]], repository: str) -> None:
    """Reads what the engine says while it moves an image. Raises OutOfReachError where the registry refuses."""
    try:
        for event in events:
            if "error" in event:
                raise OutOfReachError(f"{repository} refuses: {event['error']}.", todo=_LOGIN)
    except NotFound:
        raise
    except APIError as error:
        raise OutOfReachError(f"{repository} refuses: {error.explanation or error}.", todo=_LOGIN) from None
