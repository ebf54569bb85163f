"""The resolvers uv and pip-tools. Both read package indexes through lock/localindex.py."""

import os
import re
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import uv

from raydock.compat import sdists
from raydock.compat.wheeltags import MACHINES
from raydock.core.errors import OutOfReachError, VariantError
from raydock.core.processes import Processes
from raydock.index.client import Index
from raydock.index.pages import Pages
from raydock.lock.localindex import LocalIndex, serving
from raydock.lock.request import LockRequest
from raydock.model import lock
from raydock.model.lock import Pin
from raydock.model.variant import label

Pins = Mapping[str, Pin]

_BECAUSE = re.compile(r"[Bb]ecause (.*?),? we can conclude that", re.DOTALL)
_PIP_ERROR = re.compile(r"^ *ERROR: (.*)$", re.MULTILINE)
_PIP_CLASH = re.compile(r"requirement=\w+\('([^']+)'\), parent=(?:None|\w+\('[^']*/([^/-]+)-([^/-]+)-[^/]*\.whl)")


@dataclass(frozen=True, kw_only=True)
class Resolver(ABC):
    """Finds the newest packages of an index that satisfy a request.

    Attributes:
        name: the name of the resolver and of its package.
        pages: the pages of the package indexes.
        timeout: the time limit of a resolution, in seconds.
    """

    name: ClassVar[str]
    pages: Pages
    timeout: float
    _processes: Processes = field(default_factory=Processes, repr=False)

    @cached_property
    def label(self) -> str:
        """The resolver's name and version."""
        return f"{self.name} {version(self.name)}"

    @abstractmethod
    def _command(self, request: LockRequest, folder: Path) -> list[str]:
        """The command that resolves folder/requirements.in with folder/constraints.txt to folder/lock.txt.

        uv's configuration is folder/uv.toml.
        """

    @abstractmethod
    def _reason(self, errors: str) -> str:
        """The reason of a failure: the relevant line of the resolver's stderr."""

    def cuda_indexes(self, request: LockRequest) -> tuple[Index, ...]:
        """The indexes of a request in addition to the default one."""
        return tuple(self.pages.for_cuda(label(request.cuda), url) for url in request.indexes)

    def resolve(self, request: LockRequest, seed: Mapping[str, str]) -> Pins:
        """Resolve a request to pins by name.

        seed: versions by package, which are preferred if the request allows them.

        Raises VariantError, with the resolver's message, if there is no solution, and OutOfReachError if the index
        fails or the time limit is over.
        """
        with (
            tempfile.TemporaryDirectory(prefix="raydock-lock-") as name,
            serving(self.pages, self.cuda_indexes(request)) as local,
        ):
            folder = Path(name)
            _write(folder / "requirements.in", request.requirements)
            _write(folder / "constraints.txt", request.constraints)
            known = sdists.known()
            _write(folder / "uv.toml", (known[project].uv for project in known if project in request.sources))
            if seed:
                _write(folder / "lock.txt", (f"{package}=={pinned}" for package, pinned in seed.items()))
            self._run(request, local, folder)
            return lock.parse((folder / "lock.txt").read_text(encoding="utf-8")).pins

    def stop(self) -> None:
        """End all running resolutions, and prevent new ones."""
        self._processes.stop()

    def _run(self, request: LockRequest, local: LocalIndex, folder: Path) -> None:
        command, environment = self._command(request, folder), self._environment(request, local)
        try:
            done = self._processes.run(command, folder=folder, environment=environment, timeout=self.timeout)
        except subprocess.TimeoutExpired:
            raise OutOfReachError(
                f"{self.label} gave no answer in {self.timeout:.0f} s.",
                meaning=f"{self.pages.index.address.label} may be slow or hang.",
                todo="try again later, or name a mirror in UV_DEFAULT_INDEX.",
            ) from None
        if local.errors:
            raise local.errors[0]
        if done.returncode:
            raise VariantError(
                f"{self.label}: {self._reason(done.stderr)}",
                meaning=self._refused(local),
                todo="choose other versions in matrix.yaml, or exclude this variant there with a reason.",
            )

    def _refused(self, local: LocalIndex) -> str:
        """The projects for which an index answered 403, as text; empty if there are none."""
        text = "; ".join(
            f"{index.address.label} answered 403 Forbidden for {', '.join(sorted(names))}"
            for index, names in self.pages.refused().items()
            if index in local.indexes
        )
        return f"{text}: it does not have them, or your account cannot read them." if text else ""

    def _environment(self, request: LockRequest, local: LocalIndex) -> dict[str, str]:
        """The user's environment, with the local index and without the user's settings of uv and pip.

        For example, a find-links folder may offer a build of torch that no index has.
        """
        default, *extra = local.urls
        also = {"UV_INDEX": " ".join(extra), "PIP_EXTRA_INDEX_URL": " ".join(extra)} if extra else {}
        return {
            **{name: value for name, value in os.environ.items() if _is_kept(name)},
            **also,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "NO_COLOR": "1",
            "UV_DEFAULT_INDEX": default,
            "UV_HTTP_TIMEOUT": f"{self.timeout:.0f}",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DEFAULT_TIMEOUT": f"{self.timeout:.0f}",
            "PIP_INDEX_URL": default,
            "PIP_NO_INPUT": "1",
            "PIP_ONLY_BINARY": ":all:",
            "PIP_NO_BINARY": ",".join(request.sources),
        }


@dataclass(frozen=True, kw_only=True)
class Uv(Resolver):
    """`uv pip compile`, for any Python."""

    name = "uv"
    timeout: float = 300

    def _command(self, request: LockRequest, folder: Path) -> list[str]:
        glibc = request.glibc.replace(".", "_")
        return [
            *(uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-header", "--no-progress"),
            *("--config-file", str(folder / "uv.toml")),
            *("--python", sys.executable, "--python-version", request.python),
            *("--python-platform", f"{MACHINES[request.arch]}-manylinux_{glibc}"),
            *("--only-binary", ":all:", "--exclude-newer", request.before.isoformat()),
            *(argument for name in request.sources for argument in ("--no-binary", name)),
            # As pip does: the best version of all indexes, so that an extra index adds to the default one.
            *("--index-strategy", "unsafe-best-match"),
            *("--constraints", str(folder / "constraints.txt"), "--output-file", str(folder / "lock.txt")),
            str(folder / "requirements.in"),
        ]

    def _reason(self, errors: str) -> str:
        premises = [" ".join(premise.split()) for premise in _BECAUSE.findall(errors)]
        if premises:
            return "; ".join(dict.fromkeys((premises[0], premises[-1]))).replace("; because ", "; ") + "."
        lines = [line.strip().removeprefix("error: ") for line in errors.splitlines() if line.strip()]
        cause = next((line for line in reversed(lines) if line.startswith("cause: ")), "")
        return " ".join(filter(None, (*lines[:1], cause.removeprefix("cause: ")))) or "it failed without a message."


@dataclass(frozen=True, kw_only=True)
class PipTools(Resolver):
    """`pip-compile`, which resolves only for the Python that runs it."""

    name = "pip-tools"
    timeout: float = 3600

    def resolve(self, request: LockRequest, seed: Mapping[str, str]) -> Pins:
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        if request.python != own:
            raise VariantError(
                f"pip-tools resolves for the Python that runs it, {own}; this variant has Python {request.python}.",
                todo=f"lock it with uv, or run raydock with Python {request.python}.",
            )
        return super().resolve(request, seed)

    def _command(self, request: LockRequest, folder: Path) -> list[str]:
        return [
            *(sys.executable, "-m", "piptools", "compile", "--quiet", "--no-config", "--no-header"),
            # Each round drops one pin of the seed that is incompatible.
            *("--allow-unsafe", "--strip-extras", "--annotation-style", "split", "--max-rounds", "1000"),
            *("--no-emit-index-url", "--no-emit-options", "--no-emit-trusted-host"),
            *("--uploaded-prior-to", request.before.isoformat()),
            *("--constraint", str(folder / "constraints.txt"), "--output-file", str(folder / "lock.txt")),
            str(folder / "requirements.in"),
        ]

    def _reason(self, errors: str) -> str:
        last = errors[max(0, errors.rfind("ResolutionImpossible: [")) :]
        # The conflicts that pip reports: each requirement, and the package and version that has it.
        found = _PIP_CLASH.findall(last)
        clashes = [f"{name} {pinned} needs {required}" if name else required for required, name, pinned in found]
        if len(clashes) > 1:
            return f"{'; '.join(dict.fromkeys(clashes))}."
        lines = [*(line.strip() for line in errors.splitlines() if line.strip()), *_PIP_ERROR.findall(errors)]
        return lines[-1] if lines else "it failed without a message."


# By the values of `--resolver`.
RESOLVERS: dict[str, type[Uv] | type[PipTools]] = {resolver.name: resolver for resolver in (Uv, PipTools)}


def _is_kept(variable: str) -> bool:
    return variable == "UV_CACHE_DIR" or not variable.startswith(("UV_", "PIP_"))


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
