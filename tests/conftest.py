"""What holds for every test, and caches that are a test's own."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import uv

# What a shell starts in the background ignores Ctrl-C, and so would the commands that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def known_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of uv's that holds what this Python is, which uv otherwise asks it again for every cache."""
    folder = tmp_path_factory.mktemp("uv")
    command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--cache-dir", str(folder), "--python", sys.executable]
    subprocess.run([*command, "-"], input="", text=True, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip's and uv's files may name an index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")


@pytest.fixture
def own_caches(known_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What resolvers download is kept for this test alone."""
    for tool in ("UV", "PIP", "PIP_TOOLS"):
        monkeypatch.setenv(f"{tool}_CACHE_DIR", str(tmp_path / f"{tool}-cache"))
    shutil.copytree(known_python, tmp_path / "UV-cache")
