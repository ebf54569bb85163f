"""A Docker host: its name, and the address of its engine."""

from dataclasses import dataclass

from raydock.engine.endpoint import Endpoint


@dataclass(frozen=True, kw_only=True)
class Host(Endpoint):
    """A Docker host. Its `source` is empty for --host.

    Attributes:
        name: what the user calls it.
        forward_compat: hosts.yaml accepts CUDA's forward compatibility there (see raydock/pick/forward.py).
    """

    name: str
    forward_compat: bool = False
