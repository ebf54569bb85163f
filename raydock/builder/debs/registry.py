"""Debian packages as an artifact in a registry.

With them, a base can be built after the archive has newer versions. Each lock is one artifact; its tag contains the
name and the digest of the lock. Each package is a blob with the sha256 in the lock.
"""

from collections.abc import Callable
from functools import cache, partial

from raydock.builder.debs.store import DebStore
from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.model.debs import Deb, DebLock
from raydock.model.labels import Label
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, artifact
from raydock.registry.repository import UnreadableError, repository

KIND = "application/vnd.raydock.debs.v1"
PACKAGE = "application/vnd.debian.binary-package"


def tag(lock: DebLock) -> str:
    """The tag of a lock's artifact."""
    return f"{lock.name.replace('+', '_')}-{lock.sha256[:12]}"


def push(name: str, lock: DebLock, store: DebStore) -> None:
    """Pushes the packages of a lock to a repository, unless it has them.

    Raises ConfigurationError or OutOfReachError if the registry does not accept them.
    """
    target = repository(name)
    if target.digest(tag(lock)):
        return
    target.upload(EMPTY, EMPTY_TYPE)
    blobs = [(target.upload(store.path(deb).read_bytes(), PACKAGE), deb.file) for deb in lock.debs]
    target.push_manifest(tag(lock), artifact(KIND, blobs, None, {Label.TITLE: f"{lock.name}.debs"}))


def reader(name: str, listener: Listener) -> Callable[[Deb], bytes | None]:
    """A function that reads a package from a repository.

    It returns None if the package or `name` is missing.
    """
    opened = cache(partial(repository, name))

    def read(deb: Deb) -> bytes | None:
        if not name:
            return None
        try:
            data = opened().blob(f"sha256:{deb.sha256}")
        except UnreadableError:
            return None
        except RaydockError as error:
            listener(deb.name, f"warning: {error.what}")
            return None
        listener(deb.name, f"fetched {deb.version} from {name}")
        return data

    return read
