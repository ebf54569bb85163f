"""Logins for registries.

They come only from Docker's configuration and its credential helpers.
"""

import base64
from dataclasses import dataclass, field

from docker.errors import DockerException

from raydock.engine.dockerconfig import logins
from raydock.engine.errors import interrupted


@dataclass(frozen=True, kw_only=True)
class RegistryLogin:
    """A user name and password, or an identity token. The `repr` shows none of them.

    Attributes:
        user: the user name.
        password: the password.
        token: an identity token of an OAuth2 server; empty if there is a password.
    """

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def login(host: str) -> RegistryLogin | None:
    """Docker's login for a registry's host.

    Returns None if there is no `docker login` for it.

    Raises ConfigurationError if the configuration cannot be read or its credential helper fails.
    """
    try:
        entry = logins().resolve_authconfig(host) or {}
    except DockerException as error:
        raise interrupted(error, f"reading the login of {host}") from None
    # Keys start with a lower-case letter in the file, and with a capital letter in a helper's output.
    values = {key.lower(): value or "" for key, value in entry.items()}
    if token := values.get("identitytoken"):
        return RegistryLogin(token=token)
    return RegistryLogin(user=values["username"], password=values["password"]) if values.get("username") else None
