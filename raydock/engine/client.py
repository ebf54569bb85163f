"""The Docker engine, through its SDK: everything except builds."""

import atexit
import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import docker
from docker.tls import TLSConfig

from raydock.core.errors import OutOfReachError
from raydock.core.processes import Processes
from raydock.engine import dockerconfig, responses
from raydock.engine.endpoint import Endpoint, Tls
from raydock.engine.errors import ENGINE_ERRORS, TODO, interrupted, unreachable

_SECONDS = 600
_log = logging.getLogger(__name__)
# The ssh process that forwards an engine's socket; it ends with this process.
_tunnels = ExitStack()
atexit.register(_tunnels.close)


class EngineClient(docker.DockerClient):  # type: ignore[misc] # the SDK has no types
    """A client of one engine, with its address.

    It raises the exceptions in errors.ENGINE_ERRORS.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.api = _Api(base_url=endpoint.url, tls=_tls(endpoint.tls) or False, timeout=_SECONDS)
        self.api.hooks["response"].append(responses.check)


class _Api(docker.APIClient):  # type: ignore[misc]
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._auth_configs = dockerconfig.logins()

    def merge_environment_settings(self, url: str, proxies: Any, stream: Any, verify: Any, cert: Any) -> dict[str, Any]:
        # `requests` would use REQUESTS_CA_BUNDLE in place of the engine's certificate authority.
        own = self.verify if verify is None else verify
        settings: dict[str, Any] = super().merge_environment_settings(url, proxies, stream, own, cert)
        return settings


def connect() -> EngineClient:
    """Connect to the engine that the docker command line would use.

    Raises OutOfReachError if it does not answer or is not Docker's, ConfigurationError if its address is invalid.
    """
    client = open_client(_forwarded(dockerconfig.resolve()))
    if _log.isEnabledFor(logging.INFO):
        with reaching("reading its settings"):
            _log.info("engine: %s, at %s", description(client.info()), client.endpoint)
    return client


def open_client(endpoint: Endpoint, todo: str = TODO) -> EngineClient:
    """Connect to the Docker engine at an address.

    `todo`: what the user can do if it does not answer.

    Raises OutOfReachError if it does not answer or is not Docker's.
    """
    try:
        client = EngineClient(endpoint)
        version = client.version()
    except (*ENGINE_ERRORS, OSError, ValueError, TypeError) as error:
        raise unreachable(error, endpoint, todo) from None
    components = {str(part.get("Name")): part for part in version.get("Components") or ()}
    if podman := components.get("Podman Engine"):
        raise OutOfReachError(
            f"Podman {podman.get('Version')} answers at {endpoint}, and raydock needs Docker's engine.",
            meaning="Podman's Docker API has no BuildKit, and images are built by BuildKit with secrets and caches.",
            todo="install Docker 26 or newer (rootless Docker also works), start it, and set DOCKER_HOST;"
            " `docker context ls` shows what is configured.",
        )
    return client


def description(info: Mapping[str, Any]) -> str:
    """Describe an engine: `Docker 26.1.5, image store overlay2`."""
    store = f"containerd ({info['Driver']})" if _has_containerd_store(info) else info["Driver"]
    rootless = ", rootless" if is_rootless(info) else ""
    return f"Docker {info['ServerVersion']}, image store {store}{rootless}"


def is_rootless(info: Mapping[str, Any]) -> bool:
    """Whether an engine runs as a user, by its `info`: its network is then not the host's."""
    return any("name=rootless" in option for option in info.get("SecurityOptions") or ())


def has_bridge(client: docker.DockerClient) -> bool:
    """Whether an engine has its bridge network; `"bridge": "none"` in its daemon.json removes it, as on EKS nodes."""
    return any(network["Name"] == "bridge" for network in client.api.networks(names=["bridge"]))


def without_limits(info: Mapping[str, Any]) -> str:
    """Why an engine enforces no limits of memory and CPU; empty if it does."""
    if info.get("MemoryLimit") is not False and info.get("CpuCfsQuota") is not False:
        return ""
    return f"it enforces no limits of memory and CPU (cgroup driver {info.get('CgroupDriver')})"


def disconnect() -> None:
    """End the ssh to an engine, if one runs.

    A process that exits normally does so itself.
    """
    _tunnels.close()


@contextmanager
def reaching(doing: str) -> Iterator[None]:
    """Turn exceptions of an engine's client into a RaydockError.

    `doing`: the current operation, for the message.
    """
    try:
        yield
    except ENGINE_ERRORS as error:
        raise interrupted(error, doing) from None


def uses_containerd_store(client: docker.DockerClient) -> bool:
    """Whether the engine's images are in containerd's store.

    Otherwise they are in a graph driver such as overlay2.
    """
    with reaching("reading its settings"):
        return _has_containerd_store(client.info())


def is_in_registry(client: docker.DockerClient, reference: str) -> bool:
    """Whether a registry has NAME@DIGEST.

    False if the registry does not answer the engine.
    """
    try:
        client.api.inspect_distribution(reference)
    except ENGINE_ERRORS:
        return False
    return True


def _has_containerd_store(info: Mapping[str, Any]) -> bool:
    return any("io.containerd.snapshotter" in str(line) for line in info.get("DriverStatus") or ())


def _forwarded(endpoint: Endpoint) -> Endpoint:
    """The same engine; if it is behind ssh, at a socket on this machine."""
    if endpoint.scheme != "ssh":
        return endpoint
    from raydock.engine import ssh
    from raydock.engine.host import Host

    host = Host(name=str(endpoint), address=endpoint.address)
    return replace(endpoint, socket=str(_tunnels.enter_context(ssh.socket(host, Processes()))))


def _tls(tls: Tls | None) -> TLSConfig | None:
    if tls is None:
        return None
    pair = (str(tls.cert), str(tls.key)) if tls.cert and tls.key else None
    # Without its own authority, the system's and that of SSL_CERT_FILE count, as in the docker command line.
    authority = str(tls.ca) if tls.ca else ssl.get_default_verify_paths().cafile
    return TLSConfig(client_cert=pair, ca_cert=authority, verify=tls.verify)
