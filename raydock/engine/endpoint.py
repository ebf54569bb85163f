"""Where an engine is: its address, who named it, its certificates, and how a child process gets there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from raydock.core.errors import ConfigurationError, nearest

SCHEMES = ("ssh", "unix", "tcp")
DEFAULT = "default"
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
# What tells the docker command line which engine and builder to use.
VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "BUILDX_BUILDER")


@dataclass(frozen=True, kw_only=True)
class Tls:
    """What TLS to an engine needs: PEM files, of which each may be absent, and whether its certificate is verified."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    verify: bool = True

    @property
    def folder(self) -> Path | None:
        """The folder of the files."""
        return next((file.parent for file in (self.ca, self.cert, self.key) if file), None)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An engine's place.

    Attributes:
        address: ssh://, unix:// or tcp://.
        source: who named it, as in `DOCKER_HOST`.
        context: the docker context that it is of.
        tls: its certificates, for tcp://.
        socket: the socket on this machine to which ssh forwards it; empty if it is not behind ssh.
    """

    address: str
    source: str
    context: str = DEFAULT
    tls: Tls | None = None
    socket: str = ""

    def __str__(self) -> str:
        return f"{self.address} ({self.source})"

    @property
    def scheme(self) -> str:
        return urlsplit(self.address).scheme

    @property
    def url(self) -> str:
        """The address that a process on this machine connects to."""
        return f"unix://{self.socket}" if self.socket else self.address

    @property
    def builder(self) -> str:
        """The name of the engine's own builder, in `environment`."""
        return self.context if self._by_context else DEFAULT

    def environment(self) -> dict[str, str]:
        """This process's environment, for a docker command that must reach this engine."""
        kept = {key: value for key, value in os.environ.items() if key not in VARIABLES}
        if self._by_context:
            return kept | {"DOCKER_CONTEXT": self.context}
        tls = {key: value for key, value in os.environ.items() if self.tls and key in VARIABLES[2:5]}
        return kept | tls | {"DOCKER_HOST": self.url}

    def client_environment(self) -> dict[str, str]:
        """This process's environment, for a program that uses Docker's Go client, which knows no contexts."""
        kept = {key: value for key, value in os.environ.items() if key not in VARIABLES}
        own = {"DOCKER_HOST": self.url}
        if self.tls and self.tls.folder and not self.socket:
            own |= {"DOCKER_CERT_PATH": str(self.tls.folder)} | ({"DOCKER_TLS_VERIFY": "1"} if self.tls.verify else {})
        return kept | own

    @property
    def _by_context(self) -> bool:
        """Whether a docker command gets there by the context's name: no variable can say all that a context can."""
        return self.context != DEFAULT and self.tls is not None


def parse_address(text: str, source: str) -> str:
    """An engine's address that `source` gave, once it is one. Raises ConfigurationError."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(
            f"{source}: {text!r} is not an address: {error}.", todo="write it as ssh://USER@HOST:PORT."
        ) from None
    if parts.scheme not in SCHEMES:
        hint = nearest(parts.scheme, SCHEMES)
        raise ConfigurationError(
            f"{source}: {text!r} is not an engine's address: it begins with {parts.scheme}://.", todo=hint
        )
    if parts.scheme != "unix" and (not parts.hostname or parts.hostname.startswith("-")):
        todo = "write it as ssh://USER@HOST, with :PORT if need be."
        raise ConfigurationError(f"{source}: {text!r} names no host.", todo=todo)
    if parts.password is not None or port == 0:
        todo = "use a key, and leave the port out."
        raise ConfigurationError(f"{source}: {text!r} holds a password or port 0.", todo=todo)
    return text


def of_environment(environment: Mapping[str, str], certificates: Path) -> Endpoint:
    """The engine of DOCKER_HOST, or the default one, with the certificates that DOCKER_TLS and DOCKER_TLS_VERIFY
    require: those of DOCKER_CERT_PATH, or of the folder `certificates`.

    As docker/cli does (cli/flags/options.go, opts/hosts.go, read 2026-11-29). Raises ConfigurationError.
    """
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    secure = verify or bool(environment.get("DOCKER_TLS"))
    given = environment.get("DOCKER_HOST", "").strip()
    source = "DOCKER_HOST" if given else "the default"
    address = parse_address(_complete(given, secure), source)
    if not secure or not address.startswith("tcp://"):
        return Endpoint(address=address, source=source)
    folder = Path(environment.get("DOCKER_CERT_PATH") or certificates)
    ca, cert, key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    if not ca.is_file():
        raise ConfigurationError(
            f"DOCKER_TLS{'_VERIFY' if verify else ''} is set, and there is no {ca}.",
            todo="name the folder of ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH, or unset it.",
        )
    own = {"cert": cert, "key": key} if cert.is_file() and key.is_file() else {}
    return Endpoint(address=address, source=source, tls=Tls(ca=ca, **own, verify=verify))


def _complete(given: str, secure: bool) -> str:
    """DOCKER_HOST as the command line completes it."""
    if not given:
        return "tcp://localhost:2376" if secure else DEFAULT_SOCKET
    scheme, _, rest = given.rpartition("://")
    if scheme == "unix" and not rest:
        return DEFAULT_SOCKET
    if scheme not in ("", "tcp"):
        return given
    host, slash, path = rest.partition("/")
    has_port = ":" in host.rpartition("]")[2]
    return f"tcp://{host}{'' if has_port else ':2375'}{slash}{path}"
