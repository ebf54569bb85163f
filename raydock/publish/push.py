"""Push an image from the engine to a registry."""

import re
import threading
import time
from contextlib import suppress

import docker
import requests
from docker.errors import DockerException, ImageNotFound
from urllib3.exceptions import HTTPError

from raydock.core.errors import OutOfReachError, RaydockError
from raydock.core.events import Listener
from raydock.core.http import BUSY, PAUSES
from raydock.engine.client import reaching
from raydock.registry.name import parse
from raydock.registry.refusals import cause_of

# How engines report a registry's status for a push, such as `500 Internal Server Error`.
_BUSY = re.compile(rf"\b(?:{'|'.join(map(str, sorted(BUSY)))}) [A-Z]")


class Pusher:
    """Pushes images with one engine, until it is stopped."""

    def __init__(self, client: docker.DockerClient, listener: Listener) -> None:
        self._client, self._listener = client, listener
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Stop every push at its next progress message."""
        self._stopped.set()

    def push(self, name: str, image_id: str, repository: str, tag: str) -> None:
        """Push an image as `repository:tag`. If the registry is busy, the engine tries again, as for other requests.

        The manifest's digest must come from the registry: with containerd's image store, the engine does not report it
        (moby 26.1.5, 2026-11-29). Raises OutOfReachError if the engine or the registry refuses.
        """
        with reaching(f"tagging {repository}:{tag}"):
            self._client.api.tag(image_id, repository, tag)
        try:
            for pause in (*PAUSES, None):
                message = self._attempt(name, repository, tag)
                if not message:
                    return
                if pause is None or not _BUSY.search(message):
                    raise _refused(repository, tag, message)
                self._listener(name, f"pushing to {repository}", detail=f"again in {pause} s: {message}")
                self._stopped.wait(pause)
        finally:
            self.untag(f"{repository}:{tag}")

    def untag(self, reference: str) -> None:
        """Remove a tag from the engine, if it exists."""
        with reaching(f"removing the tag {reference}"), suppress(ImageNotFound):
            self._client.images.remove(reference, noprune=True)

    def _attempt(self, name: str, repository: str, tag: str) -> str:
        """Push once; returns why it failed, or an empty text."""
        try:
            return self._follow(name, repository, tag)
        except (DockerException, requests.RequestException, HTTPError, OSError) as error:
            return str(error) or type(error).__name__

    def _follow(self, name: str, repository: str, tag: str) -> str:
        """Report the progress of a push to its end; returns the error that the engine reports, or an empty text."""
        sizes: dict[str, int] = {}
        latest: dict[str, object] = {}
        limit, moved_at = self._client.api.timeout, time.monotonic()
        for line in self._client.api.push(repository, tag=tag, stream=True, decode=True):
            if self._stopped.is_set():
                raise KeyboardInterrupt
            if "error" in line:
                return str(line["error"]) or "the engine reported an error without a message"
            layer = line.get("id", "")
            # With containerd's store, an engine repeats its state while a registry does not answer.
            if latest.get(layer) != line:
                latest[layer], moved_at = line, time.monotonic()
            elif time.monotonic() - moved_at > limit:
                return f"it timed out: no progress for {limit} s"
            sizes[layer] = line.get("progressDetail", {}).get("current", 0)
            self._listener(name, f"pushing to {repository}", detail=line.get("status", ""), size=sum(sizes.values()))
        return ""


def _refused(repository: str, tag: str, message: str) -> RaydockError:
    _, todo = cause_of(parse(repository), 0, message)
    return OutOfReachError(
        f"{repository}:{tag} could not be pushed: {' '.join(message.split())[:500].rstrip('.')}.",
        meaning="No existing tag moved. Layers that were pushed stay and are not pushed again.",
        todo=todo,
    )
