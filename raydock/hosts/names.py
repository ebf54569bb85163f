"""The values of `--host`: addresses, names in hosts.yaml, docker contexts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from raydock.core.errors import ConfigurationError, nearest
from raydock.core.yamlfile import YamlEntry, read
from raydock.engine import dockerconfig
from raydock.engine.endpoint import DEFAULT, DEFAULT_SOCKET, parse_address
from raydock.engine.host import Host


@dataclass(frozen=True, kw_only=True)
class _HostEntry:
    """A host of hosts.yaml.

    Attributes:
        place: the place of `engine` in the file, for errors.
        engine: the engine's address or docker context.
        labels: the labels of the host.
        forward_compat: whether it accepts forward compatibility.
    """

    place: YamlEntry
    engine: str
    labels: tuple[str, ...]
    forward_compat: bool


def resolve(values: Iterable[str], file: Path) -> tuple[Host, ...]:
    """Return the hosts of these values of --host in their order, each engine once.

    file: hosts.yaml, which need not exist.

    Raises ConfigurationError if a value is not a host, or if hosts.yaml is invalid.
    """
    entries = _load(file) if file.exists() else {}
    found: dict[str, Host] = {}
    for value in values:
        for host in _resolve_value(value, entries):
            found.setdefault(host.address, host)
    return tuple(found.values())


def accepting_hosts(file: Path) -> frozenset[str]:
    """Return the hosts of hosts.yaml that accept forward compatibility.

    A host is in the result by its name and by the address in `engine`.

    file: hosts.yaml, which need not exist.

    Raises ConfigurationError if hosts.yaml is invalid.
    """
    entries = _load(file) if file.exists() else {}
    accepting = {name: entry for name, entry in entries.items() if entry.forward_compat}
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


def _resolve_value(value: str, entries: dict[str, _HostEntry]) -> Iterator[Host]:
    names = [name for name, entry in entries.items() if value == name or value in entry.labels]
    for name in names:
        entry = entries[name]
        yield replace(_find_host(name, entry.engine) or _refuse_entry(entry), forward_compat=entry.forward_compat)
    if not names:
        labels = (label for entry in entries.values() for label in entry.labels)
        yield _find_host(value, value) or _refuse_value(value, [*entries, *labels, *dockerconfig.context_names()])


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


def _load(file: Path) -> dict[str, _HostEntry]:
    hosts = read(file).items(("hosts",), ("hosts",))["hosts"].items()
    entries = {}
    for name, entry in hosts.items():
        keys = entry.items(("engine", "labels", "forward-compat"), ("engine",))
        labels = keys["labels"].texts() if "labels" in keys else ()
        for label in labels:
            if label in hosts:
                keys["labels"].refuse(f"the label {label!r} is also the name of a host.", "rename one of them.")
        accepted = "forward-compat" in keys and keys["forward-compat"].flag()
        engine = keys["engine"]
        entries[name] = _HostEntry(place=engine, engine=engine.text(), labels=labels, forward_compat=accepted)
    return entries


def _refuse_entry(entry: _HostEntry) -> Host:
    entry.place.refuse(
        f"{entry.engine!r} is neither an address nor a docker context.",
        nearest(entry.engine, [*dockerconfig.context_names(), "ssh://USER@HOST"]),
    )


def _refuse_value(value: str, known: list[str]) -> Host:
    raise ConfigurationError(
        f"--host {value!r} is neither an address, nor a host or label of hosts.yaml, nor a docker context.",
        todo=f"write it as ssh://USER@HOST. {nearest(value, known)}",
    )
