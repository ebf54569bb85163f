"""The shell scripts that run apt."""

import subprocess
import sys
from pathlib import Path

import pytest

from raydock.builder.debs import script

SCRIPTS = {"update": script.UPDATE, "solve": script.SOLVE, "fetch": script.FETCH, "policy": script.POLICY}


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(name: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [shellcheck, "--shell=sh", "-"], input=SCRIPTS[name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
