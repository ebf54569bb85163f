"""An image from the engine to a registry, by the engine itself."""

import threading
import time
from contextlib import suppress

import docker
import requests
from docker.errors import DockerException, ImageNotFound
from urllib3.exceptions import HTTPError

from raydock.core.errors import OutOfReachError, RaydockError
from raydock.core.events import Listener
from raydock.engine.client import reaching
from raydock.registry.name import parse
from raydock.registry.refusals import cause_of


class Pusher:
    """Pushes images with one engine, until it is told to stop."""

    def __init__(self, client: docker.DockerClient, listener: Listener) -> None:
        self._client, self._listener = client, listener
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ends every push at its next sign of life."""
        self._stopped.set()

    def push(self, name: str, image_id: str, repository: str, tag: str) -> None:
        """Push an image as `repository:tag`.

        The registry has the digest of its manifest: with containerd's image store, the engine does not report it (moby
        26.1.5, 2026-11-29). Raises OutOfReachError if engine or registry refuse.
        """
        with reaching(f"tagging {repository}:{tag}"):
            self._client.api.tag(image_id, repository, tag)
        try:
            self._follow(name, repository, tag)
        except (DockerException, requests.RequestException, HTTPError, OSError) as error:
            raise _refused(repository, tag, str(error)) from None
        finally:
            self.untag(f"{repository}:{tag}")

    def untag(self, reference: str) -> None:
        """Takes a tag from an image of the engine, if it is there."""
        with reaching(f"removing the tag {reference}"), suppress(ImageNotFound):
            self._client.images.remove(reference, noprune=True)

    def _follow(self, name: str, repository: str, tag: str) -> None:
        moved: dict[str, int] = {}
        latest: dict[str, object] = {}
        limit, moved_at = self._client.api.timeout, time.monotonic()
        for line in self._client.api.push(repository, tag=tag, stream=True, decode=True):
            if self._stopped.is_set():
                raise KeyboardInterrupt
            if "error" in line:
                raise _refused(repository, tag, str(line["error"]))
            layer = line.get("id", "")
            # With containerd's store, an engine repeats its state for as long as a registry does not answer.
            if latest.get(layer) != line:
                latest[layer], moved_at = line, time.monotonic()
            elif time.monotonic() - moved_at > limit:
                raise _refused(repository, tag, f"it timed out: nothing moved for {limit} s")
            moved[layer] = line.get("progressDetail", {}).get("current", 0)
            self._listener(name, f"pushing to {repository}", detail=line.get("status", ""), size=sum(moved.values()))


def _refused(repository: str, tag: str, words: str) -> RaydockError:
    _, todo = cause_of(parse(repository), 0, words)
    return OutOfReachError(
        f"{repository}:{tag} could not be pushed: {' '.join(words.split())[:500].rstrip('.')}.",
        meaning="No tag that was there moved; what was pushed stays and is not pushed again.",
        todo=todo,
    )
