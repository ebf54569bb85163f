"""Debian packages as an artifact in a registry, so that a base can be built after its archive has moved on.

Each lock is one artifact under a tag of its name and content; each package is a blob, found by the sha256 in the lock.
"""

from collections.abc import Callable

from raydock.builder.debs.store import DebStore
from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.model.debs import Deb, DebLock
from raydock.model.labels import Label
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, artifact
from raydock.registry.repository import Repository, UnreadableError, repository

KIND = "application/vnd.raydock.debs.v1"
PACKAGE = "application/vnd.debian.binary-package"


def tag(lock: DebLock) -> str:
    """The tag of a lock's artifact."""
    return f"{lock.name.replace('+', '_')}-{lock.sha256[:12]}"


def push(name: str, lock: DebLock, store: DebStore) -> None:
    """Puts the packages of a lock into a repository, unless they are there.

    Raises ConfigurationError or OutOfReachError if the registry does not take them.
    """
    target = repository(name)
    if target.digest(tag(lock)):
        return
    target.upload(EMPTY, EMPTY_TYPE)
    blobs = [(target.upload(store.path(deb).read_bytes(), PACKAGE), deb.file) for deb in lock.debs]
    target.push_manifest(tag(lock), artifact(KIND, blobs, None, {Label.TITLE: f"{lock.name}.debs"}))


def keeper(name: str, listener: Listener) -> Callable[[Deb], bytes | None]:
    """What reads packages from a repository: None for what it lacks, or if `name` is empty."""
    opened: list[Repository] = []

    def kept(deb: Deb) -> bytes | None:
        if not name:
            return None
        try:
            if not opened:
                opened.append(repository(name))
            data = opened[0].blob(f"sha256:{deb.sha256}")
        except UnreadableError:
            return None
        except RaydockError as error:
            listener(deb.name, f"warning: {error.what}")
            return None
        listener(deb.name, f"fetched {deb.version} from {name}")
        return data

    return kept
