"""A Docker host: its name, and the address of its engine."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from raydock.engine.endpoint import Tls


@dataclass(frozen=True, kw_only=True)
class Host:
    """A Docker host.

    Attributes:
        name: what the user calls it.
        address: the address of its engine: ssh://, unix:// or tcp://.
        tls: the certificates, for tcp://.
        source: where it is configured, such as `DOCKER_HOST`; empty for --host.
        forward_compat: hosts.yaml accepts CUDA's forward compatibility there (see raydock/pick/forward.py).
    """

    name: str
    address: str
    tls: Tls | None = None
    source: str = ""
    forward_compat: bool = False

    @property
    def scheme(self) -> str:
        return urlsplit(self.address).scheme
