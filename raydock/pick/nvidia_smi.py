"""A host's GPUs and driver, read from nvidia-smi's output.

Output that cannot be parsed is refused, never guessed.
"""

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
from raydock.core.models import Dated
from raydock.core.yamlfile import shipped

QUERY = "nvidia-smi --query-gpu=driver_version,compute_cap,name --format=csv,noheader"
STDIN = Path("-")

_NONE_FOUND = "No devices were found"
_LOST = "nvidia-smi found no GPU: if the host has one, its driver has lost it (`dmesg | grep -i nvrm` shows why)"
_HEADER = "driver_version, compute_cap, name"
_ROW = re.compile(rf"(?P<driver>{DRIVER.pattern}|\[[^],]+\]|N/A),\s*(?P<capability>[^,]+),\s*(?P<name>\S.*)")
# In the table that nvidia-smi prints without options: the driver, and a row of each GPU. Long names are cut.
_TABLE_DRIVER = re.compile(rf"\|\s*NVIDIA-SMI\b.*\bDriver Version: (?P<driver>{DRIVER.pattern})\b.*")
_TABLE_GPU = re.compile(r"\|\s*\d+\s+(?P<name>\S.*?)\s+(?:On|Off|N/A)\s*\|.*")
# The form of pdsh and clush: the host, a colon, the line.
_LABELLED = re.compile(r"(?P<host>[\w.@-]+):\s+(?P<line>\S.*)")


class SmiFailure(Dated, frozen=True, kw_only=True):
    """An error message of nvidia-smi or of the shell.

    Attributes:
        text: a part of the message.
        meaning: what it means.
        todo: what to do.
    """

    text: str
    meaning: str
    todo: str


@dataclass(frozen=True, order=True)
class Gpu:
    """One GPU.

    Attributes:
        sm: the compute capability as an sm number: 8.6 is 86.
        name: the product name; empty if it is not known.
    """

    sm: int
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} (sm_{self.sm})" if self.name else f"sm_{self.sm}"


@dataclass(frozen=True, kw_only=True)
class GpuHost:
    """A host and its GPUs.

    Attributes:
        name: the host's name.
        driver: the driver's version; empty if the host has no GPU.
        gpus: the GPUs.
        remark: a note for the user; empty if there is none.
        forward_compat: whether the user accepts forward compatibility on it (see raydock/pick/forward.py).
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
        gpus = [f"{count} x {gpu}" if count > 1 else str(gpu) for gpu, count in counts.items()]
        return f"{self.name}: {', '.join(gpus)}, driver {self.driver}"


def with_forward_compat(host: GpuHost | HostError, is_accepted: bool) -> GpuHost | HostError:
    """Return the host with its acceptance of forward compatibility set."""
    return replace(host, forward_compat=is_accepted) if isinstance(host, GpuHost) else host


def stated(name: str, driver: str, capabilities: Sequence[str]) -> GpuHost:
    """Return a host from the options of `pick`.

    The options are a driver and compute capabilities (8.0), or `none` for no GPU.

    Raises ConfigurationError if a value is invalid.
    """
    if list(capabilities) == ["none"]:
        return GpuHost(name=name)
    gpus = tuple(Gpu(capability(text)) for text in capabilities)
    return GpuHost(name=name, driver=driver_version(driver), gpus=gpus)


def parse(text: str, name: str) -> dict[str, GpuHost | HostError]:
    """Parse nvidia-smi's output; return each host, or why its lines are invalid.

    text: the output of QUERY on one host, or lines of several hosts, each with the prefix `host: `.
    name: the name of the host if the lines have no prefix.
    """
    lines = [line for line in map(str.strip, text.lstrip("\ufeff").splitlines()) if line]
    if not any(map(_is_labelled, lines)):
        return {name: _parse_or_error(name, lines)}
    hosts: dict[str, list[str]] = {}
    for line in lines:
        match = _LABELLED.fullmatch(line)
        label, rest = (match["host"], match["line"]) if match else (name, line)
        hosts.setdefault(label, []).append(rest)
    return {host: _parse_or_error(host, host_lines) for host, host_lines in hosts.items()}


def read(paths: Iterable[Path]) -> dict[str, GpuHost | HostError]:
    """Read the hosts in files; `-` is stdin.

    A host's name is its file's without .csv or .txt, or the prefix of its lines.

    Raises ConfigurationError if two files have the same host.
    """
    found: dict[str, GpuHost | HostError] = {}
    for path in paths:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        name = "stdin" if path == STDIN else path.stem if path.suffix in {".csv", ".txt"} else path.name
        hosts = parse(content.decode(errors="replace"), name)
        if duplicates := sorted(found.keys() & hosts.keys()):
            raise ConfigurationError(
                f"two files have output of the host {', '.join(duplicates)}.",
                todo="give each host one file, with the host's name as its name.",
            )
        found |= hosts
    return found


def _is_labelled(line: str) -> bool:
    match = _LABELLED.fullmatch(line)
    return bool(match and (_ROW.fullmatch(match["line"]) or match["line"] == _NONE_FOUND))


def _parse_or_error(name: str, lines: Sequence[str]) -> GpuHost | HostError:
    try:
        return _parse_host(name, lines)
    except HostError as error:
        return error


def _parse_host(name: str, lines: Iterable[str]) -> GpuHost:
    output = [line for line in lines if line != _HEADER and not line.lower().startswith("warning:")]
    if not output:
        raise HostError(
            f"{name}: nvidia-smi printed nothing.",
            meaning="The host has no GPU or no nvidia-smi, or ssh failed.",
            todo=f"run `{QUERY}` on the host by hand; if that host has no GPU, use `./build.py pick --gpu none`.",
        )
    if output == [_NONE_FOUND]:
        return GpuHost(name=name, remark=_LOST)
    _refuse_table(name, output)
    rows = [_ROW.fullmatch(line) or _refuse(name, line) for line in output]
    drivers = sorted({row["driver"] for row in rows})
    if len(drivers) > 1:
        raise HostError(
            f"{name}: a host has one driver, but the lines have {', '.join(drivers)}.",
            todo="give each host its own file, or begin each line with `host: `.",
        )
    _check(name, DRIVER, drivers[0], "driver version", "535.104.05")
    for row in rows:
        _check(f"{name}, {row['name']}", CAPABILITY, row["capability"].strip(), "compute capability", "8.0")
    gpus = tuple(Gpu(sm(row["capability"].strip()), row["name"]) for row in rows)
    return GpuHost(name=name, driver=drivers[0], gpus=gpus)


def _refuse_table(name: str, lines: Sequence[str]) -> None:
    """Raise HostError for nvidia-smi's table, which has the driver and the GPUs without their compute capability."""
    driver = next(filter(None, map(_TABLE_DRIVER.fullmatch, lines)), None)
    if not driver:
        return
    gpus = ", ".join(dict.fromkeys(match["name"] for match in map(_TABLE_GPU.fullmatch, lines) if match))
    raise HostError(
        f"{name}: this is nvidia-smi's table, which has no compute capability (driver {driver['driver']}, {gpus}).",
        meaning="Without it, the images that run on the host are not known.",
        todo=f"run `{QUERY}` there, or `./build.py pick --driver {driver['driver']} --gpu X.Y` with that of the GPU.",
    )


def _refuse(name: str, line: str) -> NoReturn:
    message = f"{name}: nvidia-smi's output is not valid: {line[:200]!r}."
    for failure in shipped("pick/data/nvidia-smi.yaml", tuple[SmiFailure, ...]):
        if failure.text in line:
            raise HostError(message, meaning=failure.meaning, todo=failure.todo)
    raise HostError(
        message,
        meaning="A valid line is such as `535.104.05, 8.0, NVIDIA A100-SXM4-80GB`.",
        todo=f"run `{QUERY}`.",
    )


def _check(place: str, pattern: re.Pattern[str], value: str, kind: str, example: str) -> None:
    if not pattern.fullmatch(value):
        raise HostError(
            f"{place}: {value!r} is not a {kind}.",
            meaning="Without it, the images that run on the host are not known.",
            todo=f"look up the value, such as {example}, then `./build.py pick --driver 535.104.05 --gpu 8.0`.",
        )
