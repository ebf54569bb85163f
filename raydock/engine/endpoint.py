"""The address of an engine, its source, and its certificates."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from raydock.core.errors import ConfigurationError, nearest

SCHEMES = ("ssh", "unix", "tcp")
DEFAULT = "default"
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
# The variables that select the engine and the builder of the docker command line.
VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "BUILDX_BUILDER")


@dataclass(frozen=True, kw_only=True)
class Tls:
    """The TLS settings of an engine.

    Attributes:
        ca: the PEM file of the certificate authority, if there is one.
        cert: the PEM file of the client certificate, if there is one.
        key: the PEM file of the client's key, if there is one.
        verify: whether the engine's certificate is verified.
    """

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
    """The address of an engine.

    Attributes:
        address: ssh://, unix:// or tcp://.
        source: where it is configured, such as `DOCKER_HOST`.
        context: the docker context that has it.
        tls: its certificates, for tcp://.
        socket: the socket on this machine to which ssh forwards it; empty without ssh.
    """

    address: str
    source: str = ""
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
        """The address to which a process on this machine connects."""
        return f"unix://{self.socket}" if self.socket else self.address

    @property
    def builder(self) -> str:
        """The name of the engine's own builder, with the variables of `environment`."""
        return self.context if self._by_context else DEFAULT

    def environment(self) -> dict[str, str]:
        """This process's environment, for a docker command that must reach this engine."""
        kept = {key: value for key, value in os.environ.items() if key not in VARIABLES}
        if self._by_context:
            return kept | {"DOCKER_CONTEXT": self.context}
        tls = {key: value for key, value in os.environ.items() if self.tls and key in VARIABLES[2:5]}
        return kept | tls | {"DOCKER_HOST": self.url}

    def client_environment(self) -> dict[str, str]:
        """This process's environment, for a program with Docker's Go client.

        That client ignores contexts.
        """
        kept = {key: value for key, value in os.environ.items() if key not in VARIABLES}
        own = {"DOCKER_HOST": self.url}
        if self.tls and self.tls.folder and not self.socket:
            own |= {"DOCKER_CERT_PATH": str(self.tls.folder)} | ({"DOCKER_TLS_VERIFY": "1"} if self.tls.verify else {})
        return kept | own

    @property
    def _by_context(self) -> bool:
        """Whether docker commands need the context's name.

        Variables cannot express all settings of a context.
        """
        return self.context != DEFAULT and self.tls is not None


def parse_address(text: str, source: str) -> str:
    """Check the address of an engine from `source`, and return it.

    Raises ConfigurationError if it is invalid.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(
            f"{source}: {text!r} is not an address: {error}.", todo="write it as ssh://USER@HOST:PORT."
        ) from None
    if parts.scheme not in SCHEMES:
        fault = f"is not an engine's address: it begins with {parts.scheme}://"
        todo = nearest(parts.scheme, SCHEMES)
    elif parts.scheme != "unix" and (not parts.hostname or parts.hostname.startswith("-")):
        fault, todo = "names no host", "write it as ssh://USER@HOST, or ssh://USER@HOST:PORT."
    elif parts.password is not None or port == 0:
        fault, todo = "has a password or port 0", "use a key, and omit the port."
    else:
        return text
    raise ConfigurationError(f"{source}: {text!r} {fault}.", todo=todo)


def from_environment(environment: Mapping[str, str], certificates: Path) -> Endpoint:
    """The engine of DOCKER_HOST, or the default one, with its certificates.

    DOCKER_TLS and DOCKER_TLS_VERIFY require certificates: those of DOCKER_CERT_PATH, or of the folder `certificates`.
    Source: docker/cli (cli/flags/options.go, opts/hosts.go, read 2026-11-29).

    Raises ConfigurationError if the address is invalid or the certificates are missing.
    """
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    secure = verify or bool(environment.get("DOCKER_TLS"))
    host = environment.get("DOCKER_HOST", "").strip()
    source = "DOCKER_HOST" if host else "the default"
    address = parse_address(_complete(host, secure), source)
    if not secure or not address.startswith("tcp://"):
        return Endpoint(address=address, source=source)
    folder = Path(environment.get("DOCKER_CERT_PATH") or certificates)
    ca, cert, key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    if not ca.is_file():
        raise ConfigurationError(
            f"DOCKER_TLS{'_VERIFY' if verify else ''} is set, but {ca} is missing.",
            todo="set DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem, or unset the variable.",
        )
    own = {"cert": cert, "key": key} if cert.is_file() and key.is_file() else {}
    return Endpoint(address=address, source=source, tls=Tls(ca=ca, **own, verify=verify))


def _complete(address: str, secure: bool) -> str:
    """Complete the value of DOCKER_HOST as the command line does."""
    if not address:
        return "tcp://localhost:2376" if secure else DEFAULT_SOCKET
    scheme, _, rest = address.rpartition("://")
    if scheme == "unix" and not rest:
        return DEFAULT_SOCKET
    if scheme not in ("", "tcp"):
        return address
    host, slash, path = rest.partition("/")
    has_port = ":" in host.rpartition("]")[2]
    return f"tcp://{host}{'' if has_port else ':2375'}{slash}{path}"
