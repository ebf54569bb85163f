"""What `--host` names: an address, a host or label of hosts.yaml, or a docker context."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from raydock.core.errors import ConfigurationError, nearest
from raydock.core.yamlentry import YamlEntry, read
from raydock.engine import dockerconfig
from raydock.engine.endpoint import DEFAULT, DEFAULT_SOCKET, parse_address
from raydock.engine.host import Host


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A host of hosts.yaml: its address or docker context, its labels, and whether it accepts forward compatibility."""

    entry: YamlEntry
    engine: str
    labels: tuple[str, ...]
    forward_compat: bool


def named(asked: Iterable[str], file: Path) -> tuple[Host, ...]:
    """The hosts that these words name, each engine once, in their order; `file` is hosts.yaml, which may be absent.

    Raises ConfigurationError for a word that names none, and for a hosts.yaml that is wrong.
    """
    lines = _lines(file) if file.exists() else {}
    found: dict[str, Host] = {}
    for word in asked:
        for host in _of_word(word, lines):
            found.setdefault(host.address, host)
    return tuple(found.values())


def forward_compat(file: Path) -> frozenset[str]:
    """The hosts of hosts.yaml that accept forward compatibility, by name and by the address in `engine`.

    Raises ConfigurationError for a hosts.yaml that is wrong; `file` may be absent.
    """
    lines = _lines(file) if file.exists() else {}
    accepting = {name: line for name, line in lines.items() if line.forward_compat}
    addresses = (urlsplit(line.engine).hostname for line in accepting.values())
    return frozenset((*accepting, *filter(None, addresses)))


def here() -> Host:
    """The host of the engine that the docker command line would use: DOCKER_HOST's, or the current context's."""
    found = dockerconfig.resolve()
    name = found.context if found.context != DEFAULT else found.address
    host = Host(name=name, address=found.address, tls=found.tls, source=found.source)
    return replace(host, name="this machine") if host.scheme == "unix" else host


def _of_word(word: str, lines: dict[str, _Line]) -> Iterator[Host]:
    names = [name for name, line in lines.items() if word == name or word in line.labels]
    for name in names:
        line = lines[name]
        yield replace(_host(name, line.engine) or _unknown_in(line), forward_compat=line.forward_compat)
    if not names:
        known = [*lines, *(label for line in lines.values() for label in line.labels), *dockerconfig.context_names()]
        yield _host(word, word) or _unknown(word, known)


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


def _lines(file: Path) -> dict[str, _Line]:
    hosts = read(file).items(("hosts",), ("hosts",))["hosts"].items()
    found = {}
    for name, entry in hosts.items():
        keys = entry.items(("engine", "labels", "forward-compat"), ("engine",))
        labels = keys["labels"].texts() if "labels" in keys else ()
        for label in labels:
            if label in hosts:
                keys["labels"].refuse(f"the label {label!r} is a host's name too.", "call one of them otherwise.")
        accepted = "forward-compat" in keys and keys["forward-compat"].flag()
        found[name] = _Line(entry=keys["engine"], engine=keys["engine"].text(), labels=labels, forward_compat=accepted)
    return found


def _unknown_in(line: _Line) -> Host:
    line.entry.refuse(
        f"{line.engine!r} is neither an address nor a docker context.",
        nearest(line.engine, [*dockerconfig.context_names(), "ssh://USER@HOST"]),
    )


def _unknown(word: str, known: list[str]) -> Host:
    raise ConfigurationError(
        f"--host {word!r} is neither an address, nor a host or label of hosts.yaml, nor a docker context.",
        todo=f"write it as ssh://USER@HOST. {nearest(word, known)}",
    )
