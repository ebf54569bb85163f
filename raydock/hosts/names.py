"""What `--host` names: an address, a host or label of hosts.yaml, or a docker context."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from docker.context import Context, ContextAPI
from docker.context.config import get_current_context_name
from docker.tls import TLSConfig
from docker.utils.config import find_config_file

from raydock.errors import ConfigurationError, nearest
from raydock.model.yamlfile import Entry, read

SCHEMES = ("ssh", "unix", "tcp")


@dataclass(frozen=True, kw_only=True)
class Host:
    """A Docker host as the user calls it, and the address of its engine: ssh://, unix:// or tcp:// (with `tls`).

    `forward_compat`: hosts.yaml accepts CUDA's forward compatibility there (see raydock/ship/forward.py).
    """

    name: str
    address: str
    tls: TLSConfig | None = None
    forward_compat: bool = False

    @property
    def scheme(self) -> str:
        return urlsplit(self.address).scheme


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A host of hosts.yaml: its address or docker context, its labels, and whether it accepts forward compatibility."""

    entry: Entry
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
    engine = os.environ.get("DOCKER_HOST") or get_current_context_name()
    host = _host(engine, engine) or _unknown(engine, _contexts())
    return replace(host, name="this machine") if host.scheme == "unix" else host


def _of_word(word: str, lines: dict[str, _Line]) -> Iterator[Host]:
    names = [name for name, line in lines.items() if word == name or word in line.labels]
    for name in names:
        line = lines[name]
        yield replace(_host(name, line.engine) or _unknown_in(line), forward_compat=line.forward_compat)
    if not names:
        known = [*lines, *(label for line in lines.values() for label in line.labels), *_contexts()]
        yield _host(word, word) or _unknown(word, known)


def _host(name: str, engine: str) -> Host | None:
    """The host behind an address or a context; None where it is neither."""
    if "://" in engine:
        return Host(name=name, address=_address(engine))
    if engine not in _contexts():
        return None
    context = _context(engine)
    if not context.Host:
        raise ConfigurationError(
            f"the docker context {engine!r} names no engine.", todo=f"`docker context rm {engine}`."
        )
    return Host(name=name, address=_address(context.Host.removeprefix("http+")), tls=context.TLSConfig or None)


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(
            f"{text!r} is no address: {error}.", todo="write it as ssh://USER@HOST:PORT."
        ) from None
    if parts.scheme not in SCHEMES:
        hint = nearest(parts.scheme, SCHEMES)
        raise ConfigurationError(f"{text!r} is no engine's address: it begins with {parts.scheme}://.", todo=hint)
    if parts.scheme != "unix" and (not parts.hostname or parts.hostname.startswith("-")):
        raise ConfigurationError(f"{text!r} names no host.", todo="write it as ssh://USER@HOST, with :PORT if need be.")
    if parts.password is not None or port == 0:
        raise ConfigurationError(f"{text!r} holds a password or port 0.", todo="use a key, and leave the port out.")
    return text


def _context(name: str) -> Context:
    try:
        return ContextAPI.get_context(name)
    except Exception as error:  # the SDK raises no narrower one for a damaged file
        raise ConfigurationError(
            f"the docker context {name!r} cannot be read: {error}.", todo="make it anew."
        ) from None


def _contexts() -> list[str]:
    try:
        return [context.name for context in ContextAPI.contexts()]
    except Exception as error:  # as above
        raise ConfigurationError(f"docker's contexts cannot be read: {error}.", todo="`docker context ls`.") from None


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
        nearest(line.engine, [*_contexts(), "ssh://USER@HOST"]),
    )


def _unknown(word: str, known: list[str]) -> Host:
    raise ConfigurationError(
        f"--host {word!r} is neither an address, nor a host or label of hosts.yaml, nor a docker context.",
        todo=f"{_unseen()}write it as ssh://USER@HOST. {nearest(word, known)}",
    )


def _unseen() -> str:
    """What to do where Docker's SDK passes over contexts: it finds them beside config.json, and not without it."""
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    if find_config_file() or not (folder / "contexts").exists():
        return ""
    return f"for a docker context, `echo {{}} > {folder}/config.json`, without which Docker's SDK sees none; or "
