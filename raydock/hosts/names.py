"""The values of `--host`: addresses, names in hosts.yaml, docker contexts."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from raydock.core.errors import ConfigurationError, nearest
from raydock.core.models import Entry, Flag, InvalidEntryError
from raydock.core.yamlfile import load, read
from raydock.engine import dockerconfig
from raydock.engine.endpoint import DEFAULT, DEFAULT_SOCKET, parse_address
from raydock.engine.host import Host


class HostEntry(Entry, frozen=True, kw_only=True):
    """A host of hosts.yaml.

    Attributes:
        engine: the engine's address, such as ssh://USER@HOST, or a docker context.
        labels: the labels of the host; `--host LABEL` selects every host with the label.
        forward_compat: whether it accepts forward compatibility.
    """

    engine: str
    labels: tuple[str, ...] = ()
    forward_compat: Flag = "false"


class HostsFile(Entry, frozen=True, kw_only=True):
    """hosts.yaml: the Docker hosts that `--host` can name.

    Attributes:
        hosts: the hosts by name.
    """

    hosts: dict[str, HostEntry]

    def __post_init__(self) -> None:
        for name, host in self.hosts.items():
            if both := self.hosts.keys() & set(host.labels):
                what = f"the label {min(both)!r} is also the name of a host."
                raise InvalidEntryError(what, "rename one of them.", "hosts", name, "labels")


def resolve(values: Iterable[str], file: Path) -> tuple[Host, ...]:
    """Return the hosts of these values of --host in their order, each engine once.

    file: hosts.yaml, which need not exist.

    Raises ConfigurationError if a value is not a host, or if hosts.yaml is invalid.
    """
    entries = _load(file)
    found: dict[str, Host] = {}
    for value in values:
        for host in _resolve_value(value, entries, file):
            found.setdefault(host.address, host)
    return tuple(found.values())


def known(file: Path) -> frozenset[str]:
    """Return the names and labels of hosts.yaml, which need not exist.

    Raises ConfigurationError if hosts.yaml is invalid.
    """
    return frozenset(name for host, entry in _load(file).items() for name in (host, *entry.labels))


def accepting_hosts(file: Path) -> frozenset[str]:
    """Return the hosts of hosts.yaml that accept forward compatibility.

    A host is in the result by its name and by the address in `engine`.

    file: hosts.yaml, which need not exist.

    Raises ConfigurationError if hosts.yaml is invalid.
    """
    accepting = {name: entry for name, entry in _load(file).items() if entry.forward_compat == "true"}
    addresses = (urlsplit(entry.engine).hostname for entry in accepting.values())
    return frozenset((*accepting, *filter(None, addresses)))


def current_host() -> Host:
    """Return the host of the engine that the docker command uses.

    It is that of DOCKER_HOST or of the current context.
    """
    endpoint = dockerconfig.resolve()
    name = endpoint.context if endpoint.context != DEFAULT else endpoint.address
    host = Host(name=name, address=endpoint.address, tls=endpoint.tls, source=endpoint.source)
    return replace(host, name="this machine") if host.scheme == "unix" else host


def _load(file: Path) -> dict[str, HostEntry]:
    return load(file, HostsFile).hosts if file.exists() else {}


def _resolve_value(value: str, entries: dict[str, HostEntry], file: Path) -> Iterator[Host]:
    names = [name for name, entry in entries.items() if value == name or value in entry.labels]
    for name in names:
        engine = entries[name].engine
        host = _find_host(name, engine)
        if not host:
            raise ConfigurationError(
                f"{read(file).place('hosts', name, 'engine')}: {engine!r} is neither an address nor a docker context.",
                todo=nearest(engine, [*dockerconfig.context_names(), "ssh://USER@HOST"]),
            )
        yield replace(host, forward_compat=entries[name].forward_compat == "true")
    if names:
        return
    if host := _find_host(value, value):
        yield host
        return
    labels = (label for entry in entries.values() for label in entry.labels)
    known = nearest(value, [*entries, *labels, *dockerconfig.context_names()])
    raise ConfigurationError(
        f"--host {value!r} is neither an address, nor a host or label of hosts.yaml, nor a docker context.",
        todo=f"write it as ssh://USER@HOST. {known}",
    )


def _find_host(name: str, engine: str) -> Host | None:
    """Return the host of an address or a context; None if `engine` is neither."""
    if "://" in engine:
        return Host(name=name, address=parse_address(engine, "--host" if name == engine else f"host {name!r}"))
    if not dockerconfig.has_context(engine):
        return None
    if engine == DEFAULT:
        return Host(name=name, address=DEFAULT_SOCKET)
    endpoint = dockerconfig.context(engine, name)
    return Host(name=name, address=endpoint.address, tls=endpoint.tls)
