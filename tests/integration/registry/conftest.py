"""Registries on loopback: Debian's docker-registry, which needs no engine."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from raydock.core.errors import OutOfReachError
from raydock.core.http import RetryPolicy
from raydock.registry.repository import Repository, repository
from tests.support.faults import Front, front
from tests.support.registry import Guard, Registry, program, registry

TOOLS = Path(__file__).resolve().parents[3] / ".raydock" / "bench" / "tools"
HASTY = RetryPolicy(connect=1.0, read=0.3, pauses=(0.01, 0.01))

Serve = Callable[..., Registry]
Fronted = Callable[[], Front]


@pytest.fixture(autouse=True)
def anonymous(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Docker configuration without any login; its folder."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder with docker-registry. Skips the test if it is not installed."""
    try:
        program(TOOLS)
    except OutOfReachError as error:
        pytest.skip(str(error))
    return TOOLS


@pytest.fixture
def serve(tools: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts registries, which stop with the test."""
    with ExitStack() as stack:

        def start(guard: Guard = Guard(), folder: Path = tmp_path) -> Registry:  # noqa: B008 - frozen
            context: AbstractContextManager[Registry] = registry(folder, tools, guard)
            return stack.enter_context(context)

        yield start


@pytest.fixture(scope="session")
def unguarded(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry without authentication, for all tests in turn."""
    with registry(tmp_path_factory.mktemp("unguarded"), tools) as started:
        yield started


@pytest.fixture
def empty(unguarded: Registry) -> Registry:
    """That registry, emptied: it has no state outside its storage."""
    shutil.rmtree(unguarded.storage)
    unguarded.storage.mkdir()
    return unguarded


@pytest.fixture
def fronted(empty: Registry) -> Iterator[Front]:
    """A registry behind a front in which a test can inject faults."""
    with front(empty.address) as proxy:
        yield proxy


@pytest.fixture
def target(empty: Registry) -> Repository:
    """An empty repository of a registry without authentication."""
    return repository(f"{empty.address}/raydock", patience=HASTY)
