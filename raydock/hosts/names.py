"""What `--host` names: an address, a host or label of hosts.yaml, or a docker context."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn
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
        engine: the address of its Docker engine, such as ssh://USER@HOST, or a docker context.
        labels: names that `--host` takes for all hosts with that label.
        forward_compat: whether images for a newer CUDA than the driver's run there by CUDA's forward compatibility.
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
                what = f"the label {min(both)!r} is a host's name too."
                raise InvalidEntryError(what, "call one of them otherwise.", "hosts", name, "labels")


def named(asked: Iterable[str], file: Path) -> tuple[Host, ...]:
    """The hosts that these words name, each engine once, in their order; `file` is hosts.yaml, which may be absent.

    Raises ConfigurationError for a word that names none, and for a hosts.yaml that is wrong.
    """
    hosts = _hosts(file)
    found: dict[str, Host] = {}
    for word in asked:
        for host in _of_word(word, hosts, file):
            found.setdefault(host.address, host)
    return tuple(found.values())


def forward_compat(file: Path) -> frozenset[str]:
    """The hosts of hosts.yaml that accept forward compatibility, by name and by the address in `engine`.

    Raises ConfigurationError for a hosts.yaml that is wrong; `file` may be absent.
    """
    accepting = {name: host for name, host in _hosts(file).items() if host.forward_compat == "true"}
    addresses = (urlsplit(host.engine).hostname for host in accepting.values())
    return frozenset((*accepting, *filter(None, addresses)))


def here() -> Host:
    """The host of the engine that the docker command line would use: DOCKER_HOST's, or the current context's."""
    found = dockerconfig.resolve()
    name = found.context if found.context != DEFAULT else found.address
    host = Host(name=name, address=found.address, tls=found.tls, source=found.source)
    return replace(host, name="this machine") if host.scheme == "unix" else host


def _hosts(file: Path) -> dict[str, HostEntry]:
    return load(file, HostsFile).hosts if file.exists() else {}


def _of_word(word: str, hosts: dict[str, HostEntry], file: Path) -> Iterator[Host]:
    names = [name for name, host in hosts.items() if word == name or word in host.labels]
    for name in names:
        engine = hosts[name].engine
        host = _host(name, engine) or _unknown_in(read(file).place("hosts", name, "engine"), engine)
        yield replace(host, forward_compat=hosts[name].forward_compat == "true")
    if not names:
        labels = (label for host in hosts.values() for label in host.labels)
        yield _host(word, word) or _unknown(word, [*hosts, *labels, *dockerconfig.context_names()])


def _host(name: str, engine: str) -> Host | None:
    """The host behind an address or a context; None where it is neither."""
    if "://" in engine:
        return Host(name=name, address=parse_address(engine, "--host" if name == engine else f"host {name!r}"))
    if not dockerconfig.has_context(engine):
        return None
    if engine == DEFAULT:
        return Host(name=name, address=DEFAULT_SOCKET)
    found = dockerconfig.context(engine, name)
    return Host(name=name, address=found.address, tls=found.tls)


def _unknown_in(place: str, engine: str) -> NoReturn:
    raise ConfigurationError(
        f"{place}: {engine!r} is neither an address nor a docker context.",
        todo=nearest(engine, [*dockerconfig.context_names(), "ssh://USER@HOST"]),
    )


def _unknown(word: str, known: list[str]) -> NoReturn:
    raise ConfigurationError(
        f"--host {word!r} is neither an address, nor a host or label of hosts.yaml, nor a docker context.",
        todo=f"write it as ssh://USER@HOST. {nearest(word, known)}",
    )
