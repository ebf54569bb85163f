"""What a registry is told of us: Docker's own configuration and its credential helpers, and nothing else."""

import base64
from dataclasses import dataclass, field

from docker.errors import DockerException

from raydock.engine.dockerconfig import logins
from raydock.engine.errors import interrupted


@dataclass(frozen=True, kw_only=True)
class RegistryLogin:
    """A user's name and password, or an identity token of an OAuth2 server; never part of its `repr`."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def login(host: str) -> RegistryLogin | None:
    """Docker's login for a registry's host; None where `docker login` was never run for it.

    Raises ConfigurationError where the configuration cannot be read or its credential helper does not work.
    """
    try:
        found = logins().resolve_authconfig(host) or {}
    except DockerException as error:
        raise interrupted(error, f"it was asked for the login of {host}") from None
    # The file's keys begin with a small letter, a helper's with a capital one.
    values = {key.lower(): value or "" for key, value in found.items()}
    if token := values.get("identitytoken"):
        return RegistryLogin(token=token)
    return RegistryLogin(user=values["username"], password=values["password"]) if values.get("username") else None
