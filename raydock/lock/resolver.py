"""The resolvers: uv and pip-tools, asked the same and answering alike."""

import json
import os
import re
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import uv
from pypi_simple import NoSuchProjectError

from raydock.errors import OutOfReachError, VariantError
from raydock.lock import sdists
from raydock.lock.index import Index
from raydock.lock.request import Request
from raydock.model import lock
from raydock.model.lock import Pin
from raydock.plan.wheels import MACHINES
from raydock.processes import Processes

Pins = Mapping[str, Pin]

# The user's settings of how an index is reached, not of what is in it.
_REACH = (
    *("UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES"),
    *("PIP_CACHE_DIR", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_PROXY"),
)
_UNREACHED = re.compile(r"Failed to fetch|Request failed|Could not connect|Failed to download|HTTPError|Max retries")
_BECAUSE = re.compile(r"[Bb]ecause (.*?),? we can conclude that", re.DOTALL)
_PIP_ERROR = re.compile(r"^ *ERROR: (.*)$", re.MULTILINE)
_PIP_CLASH = re.compile(r"requirement=\w+\('([^']+)'\), parent=(?:None|\w+\('[^']*/([^/-]+)-([^/-]+)-[^/]*\.whl)")


class ResolverName(StrEnum):
    """The values of `--resolver`."""

    UV = "uv"
    PIP_TOOLS = "pip-tools"


@dataclass(frozen=True, kw_only=True)
class Resolver(ABC):
    """Finds the newest packages that satisfy a request, from a package index, within `timeout` seconds."""

    index: Index
    timeout: float
    _processes: Processes = field(default_factory=Processes, repr=False)

    @property
    @abstractmethod
    def label(self) -> str:
        """Name and version."""

    @abstractmethod
    def _command(self, request: Request, folder: Path) -> list[str]:
        """The command that resolves folder/wanted.in within folder/bounds.txt to folder/lock.txt."""

    @abstractmethod
    def _reason(self, errors: str) -> str:
        """Why there is no answer: the line that matters of what the resolver wrote."""

    def resolve(self, request: Request, seed: Mapping[str, str]) -> Pins:
        """The pins by name; a version that `seed` names is kept wherever the request allows it.

        Raises VariantError, in the resolver's own terms, where there is no answer, and OutOfReachError where the index
        fails or `timeout` is over.
        """
        with tempfile.TemporaryDirectory(prefix="raydock-lock-") as name:
            folder = Path(name)
            _write(folder / "wanted.in", request.requirements)
            _write(folder / "bounds.txt", request.constraints)
            self._prepare(request, folder)
            if seed:
                _write(folder / "lock.txt", (f"{package}=={pinned}" for package, pinned in seed.items()))
            self._run(self._command(request, folder), self._environment(request), folder)
            return lock.parse((folder / "lock.txt").read_text(encoding="utf-8")).pins

    def _prepare(self, request: Request, folder: Path) -> None:  # noqa: B027 - most resolvers need nothing
        """Writes what else the command reads into the folder."""

    def stop(self) -> None:
        """Ends every resolution that runs, and lets none begin."""
        self._processes.stop()

    def _run(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        try:
            done = self._processes.run(command, folder=folder, environment=environment, timeout=self.timeout)
        except subprocess.TimeoutExpired:
            raise OutOfReachError(
                f"{self.label} gave no answer in {self.timeout:.0f} s.",
                meaning=f"{self.index.label} may be slow or hang.",
                todo="try again later, or name a mirror in UV_DEFAULT_INDEX.",
            ) from None
        if done.returncode == 0:
            return
        if _UNREACHED.search(done.stderr):
            raise OutOfReachError(
                f"{self.index.label} cannot be used: {self._reason(done.stderr)}",
                todo="check the network and the proxy, or name a mirror in UV_DEFAULT_INDEX, then run this again.",
            )
        raise VariantError(
            f"{self.label}: {self._reason(done.stderr)}",
            todo="choose other versions in matrix.yaml, or exclude this variant there with a reason.",
        )

    def _environment(self, request: Request) -> dict[str, str]:
        """The user's environment, with one index and none of the settings that would lead a resolver elsewhere.

        A find-links folder, for one, may offer a build of torch that no index has.
        """
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "PIP_"))}
        reach = {key: os.environ[key] for key in _REACH if key in os.environ}
        trust = {"SSL_CERT_FILE": self.index.ca_bundle, "PIP_CERT": self.index.ca_bundle}
        extra = {"PIP_EXTRA_INDEX_URL": " ".join(request.indexes)}
        return {
            **kept,
            **reach,
            **(trust if self.index.ca_bundle else {}),
            **(extra if request.indexes else {}),
            "NO_COLOR": "1",
            "UV_DEFAULT_INDEX": self.index.endpoint,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": self.index.endpoint,
            "PIP_ONLY_BINARY": ":all:",
            "PIP_NO_BINARY": ",".join(request.sources),
        }


@dataclass(frozen=True, kw_only=True)
class Uv(Resolver):
    """`uv pip compile`, for any Python."""

    timeout: float = 300

    @cached_property
    def label(self) -> str:
        return f"uv {version('uv')}"

    def _command(self, request: Request, folder: Path) -> list[str]:
        glibc = request.glibc.replace(".", "_")
        return [
            *(uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-header", "--no-progress"),
            *("--config-file", str(folder / "uv.toml")),
            *("--python", sys.executable, "--python-version", request.python),
            *("--python-platform", f"{MACHINES[request.arch]}-manylinux_{glibc}"),
            *("--only-binary", ":all:", "--exclude-newer", request.before.isoformat()),
            *(word for name in request.sources for word in ("--no-binary", name)),
            # As pip does: the best version of all indexes, so that an extra index adds to the default one.
            *("--index-strategy", "unsafe-best-match"),
            *("--constraints", str(folder / "bounds.txt"), "--output-file", str(folder / "lock.txt")),
            str(folder / "wanted.in"),
        ]

    def _prepare(self, request: Request, folder: Path) -> None:
        known = (item.uv for name, item in sdists.known().items() if name in request.sources)
        _write(folder / "uv.toml", (*map(self._table, request.indexes), *known))

    def _table(self, endpoint: str) -> str:
        """An extra index for uv's configuration.

        To uv, a file without a time of its upload (PEP 700) is younger than any cut-off. Where an index tells none at
        all, such as one of static pages, its files are taken as they are.
        """
        with (index := replace(self.index, endpoint=endpoint)).client() as client:
            try:
                files = client.get_project_page("torch", timeout=index.timeout).packages
            except NoSuchProjectError:
                files = []
        dated = not files or any(file.upload_time for file in files)
        # A JSON string is a TOML string.
        return f"[[index]]\nurl = {json.dumps(endpoint)}\n" + ("" if dated else "exclude-newer = false\n")

    def _reason(self, errors: str) -> str:
        premises = [" ".join(found.split()) for found in _BECAUSE.findall(errors)]
        if premises:
            return "; ".join(dict.fromkeys((premises[0], premises[-1]))).replace("; because ", "; ") + "."
        lines = [line.strip().removeprefix("error: ") for line in errors.splitlines() if line.strip()]
        cause = next((line for line in reversed(lines) if line.startswith("cause: ")), "")
        return " ".join(filter(None, (*lines[:1], cause.removeprefix("cause: ")))) or "it failed without a word."


@dataclass(frozen=True, kw_only=True)
class PipTools(Resolver):
    """`pip-compile`, which resolves for the Python that runs it and for no other."""

    timeout: float = 3600

    @cached_property
    def label(self) -> str:
        return f"pip-tools {version('pip-tools')}"

    def resolve(self, request: Request, seed: Mapping[str, str]) -> Pins:
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        if request.python != here:
            raise VariantError(
                f"pip-tools resolves for the Python that runs it, {here}; this variant has Python {request.python}.",
                todo=f"lock it with uv, or run raydock with Python {request.python}.",
            )
        return super().resolve(request, seed)

    def _command(self, request: Request, folder: Path) -> list[str]:
        return [
            *(sys.executable, "-m", "piptools", "compile", "--quiet", "--no-config", "--no-header"),
            # A seed's pins that do not fit are dropped one a round.
            *("--allow-unsafe", "--strip-extras", "--annotation-style", "split", "--max-rounds", "1000"),
            *("--no-emit-index-url", "--no-emit-options", "--no-emit-trusted-host"),
            *("--uploaded-prior-to", request.before.isoformat()),
            *("--constraint", str(folder / "bounds.txt"), "--output-file", str(folder / "lock.txt")),
            str(folder / "wanted.in"),
        ]

    def _reason(self, errors: str) -> str:
        last = errors[max(0, errors.rfind("ResolutionImpossible: [")) :]
        clashes = [f"{name} {pinned} needs {wanted}" if name else wanted for wanted, name, pinned in _clashes(last)]
        if len(clashes) > 1:
            return f"{'; '.join(dict.fromkeys(clashes))}."
        lines = [*(line.strip() for line in errors.splitlines() if line.strip()), *_PIP_ERROR.findall(errors)]
        return lines[-1] if lines else "it failed without a word."


RESOLVERS: dict[ResolverName, type[Uv] | type[PipTools]] = {ResolverName.UV: Uv, ResolverName.PIP_TOOLS: PipTools}


def _clashes(errors: str) -> list[tuple[str, str, str]]:
    """What pip calls impossible together: each requirement, with the package and version that has it."""
    return _PIP_CLASH.findall(errors)


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
