"""A Docker host: how the user calls it, and where its engine answers."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from raydock.engine.endpoint import Tls


@dataclass(frozen=True, kw_only=True)
class Host:
    """A Docker host as the user calls it, and the address of its engine: ssh://, unix:// or tcp:// (with `tls`).

    `source` says who named it, as in `DOCKER_HOST`; empty if that was --host.
    `forward_compat`: hosts.yaml accepts CUDA's forward compatibility there (see raydock/pick/forward.py).
    """

    name: str
    address: str
    tls: Tls | None = None
    source: str = ""
    forward_compat: bool = False

    @property
    def scheme(self) -> str:
        return urlsplit(self.address).scheme
