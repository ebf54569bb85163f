"""The name of a repository: the registry's host and the path in it."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from docker.auth import INDEX_NAME

from raydock.core.errors import ConfigurationError
from raydock.model.matrixfile import HOST, PATH

_FORM = re.compile(f"(?P<host>{HOST})/(?P<path>{PATH})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Name:
    """A repository, such as `localhost:5000/raydock`.

    Attributes:
        host: the registry's host, with its port if any.
        path: the path in the registry.
    """

    host: str
    path: str

    @property
    def loopback(self) -> bool:
        """Whether the registry is on this machine.

        Docker's engine also accepts plain HTTP there.
        """
        host = self.host.partition(":")[0]
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def api(self) -> str:
        """The host of the API, which differs from the name for the default registry."""
        return f"registry-1.{INDEX_NAME}" if self.host == INDEX_NAME else self.host

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


def parse(text: str) -> Name:
    """Parse the name of a repository. Raises ConfigurationError if it is invalid."""
    match = _FORM.fullmatch(text)
    if not match:
        shown = re.sub(r"[^/@]+@", "...@", text)  # can be a password
        raise ConfigurationError(
            f"{shown!r} is not a repository of the form HOST/PATH.",
            todo="write it like localhost:5000/raydock, without http://, tag or password (`docker login` stores that).",
        )
    return Name(host=match["host"], path=match["path"])
