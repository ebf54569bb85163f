"""A host's GPUs and driver, read from what nvidia-smi said there. What is not understood is refused, never guessed."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from raydock.compat.stated import CAPABILITY, DRIVER, capability, sm
from raydock.compat.stated import driver as driver_version
from raydock.core.errors import ConfigurationError, HostError

QUERY = "nvidia-smi --query-gpu=driver_version,compute_cap,name --format=csv,noheader"
STDIN = Path("-")

_NONE_FOUND = "No devices were found"
_LOST = "nvidia-smi found no device: where one is built in, its driver has lost it (`dmesg | grep -i nvrm` says why)"
_HEADER = "driver_version, compute_cap, name"
_ROW = re.compile(rf"(?P<driver>{DRIVER.pattern}|\[[^],]+\]|N/A),\s*(?P<capability>[^,]+),\s*(?P<name>\S.*)")
# As pdsh and clush write it: the host, a colon, the line.
_LABELLED = re.compile(r"(?P<host>[\w.@-]+):\s+(?P<line>\S.*)")

_IF_NONE = "where that host has no GPU, say so: `./build.py pick --gpu none`."
# What nvidia-smi and the shell say instead of an answer: the words, what they mean and what to do.
_FAILURES = (
    (
        "couldn't communicate with the NVIDIA driver",
        "Its driver is not loaded, so that nobody can say which GPUs it has.",
        f"load it there (`modprobe nvidia`; `dmesg` says why it fails) and ask again; {_IF_NONE}",
    ),
    (
        "Driver/library version mismatch",
        "Its driver was updated while the old one was running.",
        "reboot it, and ask again.",
    ),
    (
        "Unable to determine the device handle",
        "One of its GPUs is there and does not answer.",
        "reset that GPU or reboot the host (`dmesg | grep -i xid` says why), and ask again.",
    ),
    (
        "is not a valid field to query",
        "Its nvidia-smi is too old to know compute capabilities (that of driver 470 is).",
        "ask it for driver_version,name, look the compute capability up, run `./build.py pick --driver D --gpu X.Y`.",
    ),
    (
        "command not found",
        "It has no nvidia-smi on the PATH that ssh gives: no driver, or one in another place.",
        f"call nvidia-smi by its full path; {_IF_NONE}",
    ),
)


@dataclass(frozen=True, order=True)
class Gpu:
    """One GPU: its compute capability as an sm number (8.6 is 86) and its name, empty where nobody gave one."""

    sm: int
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} (sm_{self.sm})" if self.name else f"sm_{self.sm}"


@dataclass(frozen=True, kw_only=True)
class GpuHost:
    """A host by name. `driver` is empty where it has no GPU; `remark` is what its owner should know.

    `forward_compat`: its owner accepts forward compatibility (see raydock/pick/forward.py).
    """

    name: str
    driver: str = ""
    gpus: tuple[Gpu, ...] = ()
    remark: str = ""
    forward_compat: bool = False

    def __str__(self) -> str:
        if not self.gpus:
            return f"{self.name}: no GPU"
        counts = Counter(self.gpus)
        words = [f"{count} x {gpu}" if count > 1 else str(gpu) for gpu, count in counts.items()]
        return f"{self.name}: {', '.join(words)}, driver {self.driver}"


def accepting(host: GpuHost | HostError, is_accepted: bool) -> GpuHost | HostError:
    """A host whose user accepts forward compatibility, or not."""
    return replace(host, forward_compat=is_accepted) if isinstance(host, GpuHost) else host


def stated(name: str, driver: str, capabilities: Sequence[str]) -> GpuHost:
    """A host as its owner states it: a driver and compute capabilities (8.0), or the one word `none` for no GPU.

    Raises ConfigurationError for what is neither.
    """
    if list(capabilities) == ["none"]:
        return GpuHost(name=name)
    gpus = tuple(Gpu(capability(text)) for text in capabilities)
    return GpuHost(name=name, driver=driver_version(driver), gpus=gpus)


def parse(text: str, name: str) -> dict[str, GpuHost | HostError]:
    """The hosts in what nvidia-smi said, or why a host's part cannot be understood.

    `text` is the output of QUERY on one host, which is then called `name`, or lines of several hosts, each with
    `host: ` before it.
    """
    lines = [line for line in map(str.strip, text.lstrip("\ufeff").splitlines()) if line]
    hosts: dict[str, list[str]] = {name: lines}
    if any(_is_labelled(line) for line in lines):
        hosts = {}
        for line in lines:
            match = _LABELLED.fullmatch(line)
            label, rest = (match["host"], match["line"]) if match else (name, line)
            hosts.setdefault(label, []).append(rest)
    return {host: _host_or_error(host, answer) for host, answer in hosts.items()}


def read(paths: Iterable[Path]) -> dict[str, GpuHost | HostError]:
    """The hosts in files, each called after its file without .csv or .txt, unless its lines name hosts; `-` is stdin.

    Raises ConfigurationError where two files speak of one host.
    """
    found: dict[str, GpuHost | HostError] = {}
    for path in paths:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        name = "stdin" if path == STDIN else path.stem if path.suffix in {".csv", ".txt"} else path.name
        hosts = parse(content.decode(errors="replace"), name)
        if twice := sorted(found.keys() & hosts.keys()):
            raise ConfigurationError(
                f"two files speak of the host {', '.join(twice)}.", todo="give each host one file, called after it."
            )
        found |= hosts
    return found


def _is_labelled(line: str) -> bool:
    match = _LABELLED.fullmatch(line)
    return bool(match and (_ROW.fullmatch(match["line"]) or match["line"] == _NONE_FOUND))


def _host_or_error(name: str, lines: Sequence[str]) -> GpuHost | HostError:
    try:
        return _host(name, lines)
    except HostError as error:
        return error


def _host(name: str, lines: Iterable[str]) -> GpuHost:
    told = [line for line in lines if line != _HEADER and not line.lower().startswith("warning:")]
    if not told:
        raise HostError(
            f"{name}: nvidia-smi said nothing.",
            meaning="A host without a GPU, without nvidia-smi and behind a broken ssh all look like that.",
            todo=f"run `{QUERY}` there by hand; {_IF_NONE}",
        )
    if told == [_NONE_FOUND]:
        return GpuHost(name=name, remark=_LOST)
    rows = [_ROW.fullmatch(line) or _refuse(name, line) for line in told]
    drivers = sorted({row["driver"] for row in rows})
    if len(drivers) > 1:
        raise HostError(
            f"{name}: one host has one driver, and here are {', '.join(drivers)}.",
            todo="give each host a file of its own, or write `host: ` before each line.",
        )
    _check(name, DRIVER, drivers[0], "driver version", "535.104.05")
    for row in rows:
        _check(f"{name}, {row['name']}", CAPABILITY, row["capability"].strip(), "compute capability", "8.0")
    gpus = tuple(Gpu(sm(row["capability"].strip()), row["name"]) for row in rows)
    return GpuHost(name=name, driver=drivers[0], gpus=gpus)


def _refuse(name: str, line: str) -> NoReturn:
    said = f"{name}: nvidia-smi's answer is not understood: {line[:200]!r}."
    for words, meaning, todo in _FAILURES:
        if words in line:
            raise HostError(said, meaning=meaning, todo=todo)
    raise HostError(
        said, meaning="A line of it looks like `535.104.05, 8.0, NVIDIA A100-SXM4-80GB`.", todo=f"ask with `{QUERY}`."
    )


def _check(whose: str, form: re.Pattern[str], value: str, what: str, example: str) -> None:
    if not form.fullmatch(value):
        raise HostError(
            f"{whose}: {value!r} is not a {what}.",
            meaning="Without it nobody can say what runs there.",
            todo=f"find it out there; it looks like {example}: `./build.py pick --driver 535.104.05 --gpu 8.0`.",
        )
