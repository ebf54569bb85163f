"""Registries on loopback: Debian's docker-registry, which needs no engine."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from raydock.errors import OutOfReachError
from raydock.ship.registry.repository import Repository, repository
from raydock.ship.registry.transport import Patience
from tests.support.faults import Front, front
from tests.support.registry import Guard, Registry, program, registry

TOOLS = Path(__file__).resolve().parents[4] / "build" / "bench" / "tools"
HASTY = Patience(connect=1.0, read=0.3, pauses=(0.01, 0.01))

Serve = Callable[..., Registry]
Fronted = Callable[[], Front]


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Docker configuration without any login; its folder."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Raises registries, which end with the test."""
    try:
        program(TOOLS)
    except OutOfReachError as error:
        pytest.skip(str(error))
    with ExitStack() as stack:

        def raised(guard: Guard = Guard(), folder: Path = tmp_path) -> Registry:  # noqa: B008 - frozen
            found: AbstractContextManager[Registry] = registry(folder, TOOLS, guard)
            return stack.enter_context(found)

        yield raised


@pytest.fixture
def fronted(serve: Serve) -> Iterator[Front]:
    """A registry behind a front that a test may give faults."""
    with front(serve().address) as found:
        yield found


@pytest.fixture
def there(serve: Serve) -> Repository:
    """An empty repository of a registry that asks for nothing."""
    return repository(f"{serve().address}/raydock", patience=HASTY)
