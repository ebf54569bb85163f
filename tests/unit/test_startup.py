"""Imports of raydock at start, which every command pays for."""

import subprocess
import sys

import pytest

from raydock.__main__ import COMMANDS

HEAVY = ("docker", "requests", "urllib3", "jinja2", "pypi_simple", "pydantic", "pip_audit", "uv", "importlib.metadata")
LIGHT = tuple(name for name in COMMANDS if name != "deploy")


def imported(statement: str) -> set[str]:
    """Return the modules that a new Python has imported after a statement."""
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_list_of_commands_imports_no_command() -> None:
    found = imported("import raydock.__main__")
    assert found.isdisjoint({*HEAVY, "rich", "yaml", "packaging"})
    assert not [name for name in found if name.startswith(("raydock.plan", "raydock.engine"))]


@pytest.mark.parametrize("name", LIGHT)
def test_a_command_imports_no_client_before_it_runs(name: str) -> None:
    module = COMMANDS[name][0].partition(":")[0]
    assert imported(f"import raydock.__main__, {module}").isdisjoint(HEAVY)
