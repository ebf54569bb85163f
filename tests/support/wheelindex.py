"""A package index on loopback (PEP 691 and 700) with tiny wheels, and a matrix to lock from it.

All are fixtures, which a conftest.py imports.
"""

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from raydock.core.checkout import Checkout
from raydock.index.addresses import Address
from raydock.index.client import Index
from raydock.index.pages import Pages
from raydock.lock.locker import Locker, LockResult
from raydock.lock.request import LockRequest, create_request
from raydock.lock.resolver import PipTools, Resolver, Uv
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs
from tests.support.index import Server

Run = Callable[..., tuple[LockResult, ...]]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
# A variant is locked for its own Python. Only pip-tools must run with the same Python.
PYTHONS = tuple(dict.fromkeys(("3.11", "3.13", HERE)))
_SUITES = ", ".join(f'"{python}": {"bookworm" if python == "3.11" else "trixie"}' for python in PYTHONS)
MATRIX = f"""\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases: {{debian: {{source: bootstrap, python: {{{_SUITES}}}}}}}
axes:
  python: ["3.11", "3.13"]
  cuda: [cpu, "13.0"]
  torch: [none, "2.13.0"]
  vllm: [none, "0.32.0"]
  ray: ["2.59.0", "2.60.0"]
packages: {{ray-extras: [default], always: [virtualenv]}}
"""


@dataclass
class WheelIndex:
    """An index of wheels.

    Attributes:
        folder: the folder with wheels and pages.
        url: its address.
        files: entries of wheels by project.
        requests: the paths of the requests.
    """

    folder: Path
    url: str = ""
    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    @property
    def index(self) -> Index:
        return Index(address=Address(url=f"{self.url}/simple/"), timeout=10)

    def add(
        self,
        project: str,
        version: str,
        requires: Sequence[str] = (),
        *,
        tags: str = "py3-none-any",
        uploaded: str = "2026-11-01",
        **extra: Any,
    ) -> str:
        """Add a wheel and return its sha256; `extra` are keys of its entry in the page."""
        dist = f"{project.replace('-', '_')}-{version}"
        lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
        lines += [f"Requires-Dist: {line}" for line in requires] + ["Provides-Extra: default"]
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            archive.writestr(f"{dist}.dist-info/METADATA", "\n".join(lines) + "\n")
            archive.writestr(f"{dist}.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tags}\n")
            archive.writestr(f"{dist}.dist-info/RECORD", "")
        name, content = f"{dist}-{tags}.whl", body.getvalue()
        (self.folder / name).write_bytes(content)
        digest = sha256(content).hexdigest()
        entry: dict[str, Any] = {"filename": name, "url": f"{self.url}/{name}", "hashes": {"sha256": digest}}
        entry |= {"size": len(content), "upload-time": f"{uploaded}T12:00:00Z", "requires-python": ">=3.10", **extra}
        self.files.setdefault(project, []).append(entry)
        self.write(project)
        return digest

    def write(self, project: str) -> None:
        """Write the page of a project, after a change of its files."""
        page = {"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": self.files[project]}
        folder = self.folder / "simple" / project
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.json").write_text(json.dumps(page))


# The CUDA compiler (raydock/compat/data/toolchain.yaml) in their version and a newer one, and further dependencies.
COMPILER = ("nvidia-cuda-nvcc", "nvidia-cuda-crt", "nvidia-nvvm", "nvidia-cuda-cccl")
PLAIN = {
    "click": ("8.1", "9.0"),
    "filelock": ("3.0",),
    "virtualenv": ("20.1",),
    "ninja": ("1.13",),
    **dict.fromkeys(COMPILER, ("13.0.88", "13.5.37")),
}


def _handler(index: WheelIndex) -> type[SimpleHTTPRequestHandler]:
    class Handler(SimpleHTTPRequestHandler):
        extensions_map = {".json": "application/vnd.pypi.simple.v1+json", "": "application/octet-stream"}  # noqa: RUF012

        def translate_path(self, path: str) -> str:
            index.requests.append(path)
            return str(index.folder / path.strip("/") / ("index.json" if path.startswith("/simple/") else ""))

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def _serving(folder: Path) -> Iterator[WheelIndex]:
    index = WheelIndex(folder)
    index.folder.mkdir()
    with Server(("127.0.0.1", 0), _handler(index)) as server:
        index.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield index
        server.shutdown()


@pytest.fixture
def wheel_index(tmp_path: Path, own_caches: None) -> Iterator[WheelIndex]:
    """An index with two rays, a torch, a vllm and their dependencies; resolvers have their own caches."""
    with _serving(tmp_path / "wheel_index") as index:
        for ray in ("2.59.0", "2.60.0"):
            for tag in (f"cp{python.replace('.', '')}" for python in PYTHONS):
                index.add("ray", ray, ["click>=7", "filelock"], tags=f"{tag}-{tag}-manylinux2014_x86_64")
        index.add("torch", "2.13.0", ["filelock"])
        index.add("vllm", "0.32.0", ["torch==2.13.0", "click<9"])
        for project, versions in PLAIN.items():
            for version in versions:
                index.add(project, version)
        yield index


@pytest.fixture
def other_index(tmp_path: Path) -> Iterator[WheelIndex]:
    """A second, empty index."""
    with _serving(tmp_path / "other") as index:
        yield index


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with only a matrix.yaml."""
    made = Checkout(tmp_path / "checkout")
    made.root.mkdir()
    made.matrix.write_text(MATRIX)
    return made


@pytest.fixture
def matrix(checkout: Checkout) -> Matrix:
    return matrix_file.load(checkout.matrix)


@pytest.fixture
def rule_inputs(matrix: Matrix) -> RuleInputs:
    """The matrix without facts."""
    return RuleInputs(matrix, Facts({}))


@pytest.fixture
def siblings() -> tuple[Variant, ...]:
    """Every variant of the matrix for Python 3.11."""
    parts = (("cpu", "none", "none"), ("13.0", "2.13.0", "none"), ("13.0", "2.13.0", "0.32.0"))
    return tuple(
        Variant(ray=ray, python="3.11", cuda=cuda, torch=torch, vllm=vllm)
        for ray in ("2.59.0", "2.60.0")
        for cuda, torch, vllm in parts
    )


@pytest.fixture
def run(rule_inputs: RuleInputs, checkout: Checkout, siblings: tuple[Variant, ...], wheel_index: Any) -> Run:
    """Return a function that locks variants from the loopback index."""

    def locked(*variants: Variant, kind: type[Uv] | type[PipTools] = Uv, jobs: int = 2) -> tuple[LockResult, ...]:
        with Pages(wheel_index.index) as pages:
            resolver = kind(pages=pages)
            locker = Locker(rule_inputs=rule_inputs, checkout=checkout, siblings=siblings, resolver=resolver)
            return locker.lock(variants, jobs)

    return locked


@pytest.fixture
def lock_request(rule_inputs: RuleInputs) -> LockRequest:
    """The lock request of the CPU variant."""
    return create_request(rule_inputs, Variant(ray="2.60.0", python="3.11"))


@pytest.fixture
def lock_request_here(lock_request: LockRequest) -> LockRequest:
    """The same request for the running Python, as pip-tools needs it."""
    return replace(lock_request, python=HERE)


def versions(resolver: Resolver, lock_request: LockRequest, seed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the version of each package that a resolver finds."""
    return {name: pin.version for name, pin in resolver.resolve(lock_request, seed or {}).items()}
