"""Settings of every test, and separate caches for tests."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import uv

# A shell starts background processes with SIGINT ignored. The commands that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def known_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A uv cache with the data of this Python, which uv otherwise collects for each new cache."""
    folder = tmp_path_factory.mktemp("uv")
    command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--cache-dir", str(folder), "--python", sys.executable]
    subprocess.run([*command, "-"], input="", text=True, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore this machine's configuration files of pip and uv, which may name an index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")


@pytest.fixture
def own_caches(known_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give resolvers caches for this test only."""
    for tool in ("UV", "PIP", "PIP_TOOLS"):
        monkeypatch.setenv(f"{tool}_CACHE_DIR", str(tmp_path / f"{tool}-cache"))
    shutil.copytree(known_python, tmp_path / "UV-cache")
