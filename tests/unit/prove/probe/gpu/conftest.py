"""A driver that is none, compiled from fake_cuda.c, for what no machine without a GPU can be made to do."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import pytest

from raydock.prove.probe import cli
from raydock.prove.probe.answer import Answer
from tests.support.fakedriver import compile_driver

PROBE = Path(cli.__file__).parent
AXES = {"arch": "amd64", "python": "3.11", "cuda": "13.0", "torch": "none", "vllm": "none", "ray": "2.60.0"}
Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def fake_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fake libcuda.so.1."""
    return compile_driver(tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The probe as an image has it: compiled."""
    folder = tmp_path_factory.mktemp("image") / "probe"
    shutil.copytree(PROBE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return folder


@pytest.fixture
def ask(fake_driver: Path, probe: Path, tmp_path: Path) -> Ask:
    """Asks `gpu-driver` of the probe as an image runs it, with the fake driver; `fake` is the driver's environment."""

    def asked(image: dict[str, Any] | None = None, **fake: str) -> Answer:
        shutil.copytree(probe, tmp_path / "probe")
        document = {"schema": 1, "name": "x", "axes": AXES, "packages": {}, "min_driver": "580.65.06", **(image or {})}
        (tmp_path / "image.json").write_text(json.dumps(document))
        command = [sys.executable, "-I", str(tmp_path / "probe"), "--json", "--check", "gpu-driver"]
        environment = {**os.environ, "LD_LIBRARY_PATH": str(fake_driver), **fake}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        [answer] = json.loads(done.stdout)["checks"]
        return Answer(**{**answer, "warnings": tuple(answer["warnings"])})

    return asked
