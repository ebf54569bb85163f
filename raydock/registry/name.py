"""A repository's name: the registry's host and the path within it."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from docker.auth import INDEX_NAME

from raydock.core.errors import ConfigurationError

# As matrix.yaml's `registry`: a host that cannot be taken for a path, and a path (distribution's reference grammar).
_FORM = re.compile(r"(?P<host>[a-z0-9.-]+(?::\d{1,5})?)/(?P<path>[a-z0-9._-]+(?:/[a-z0-9._-]+)*)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Name:
    """A repository, such as `localhost:5000/raydock`: `host` with its port if any, and `path`."""

    host: str
    path: str

    @property
    def loopback(self) -> bool:
        """Whether the registry is on this machine, where Docker's engine too takes plain HTTP."""
        host = self.host.partition(":")[0]
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def api(self) -> str:
        """The host that serves it: the default registry's name is not that of its API."""
        return f"registry-1.{INDEX_NAME}" if self.host == INDEX_NAME else self.host

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


def parse(text: str) -> Name:
    """The repository of a name. Raises ConfigurationError where it does not have the form of one."""
    match = _FORM.fullmatch(text)
    if not match:
        shown = re.sub(r"[^/@]+@", "...@", text)  # perhaps a password
        raise ConfigurationError(
            f"{shown!r} is not a registry with a path.",
            todo="write it like localhost:5000/raydock, without http://, tag or password (`docker login` keeps it).",
        )
    return Name(host=match["host"], path=match["path"])
