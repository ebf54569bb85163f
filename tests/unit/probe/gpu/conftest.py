"""A fake driver, compiled from fake_cuda.c, for behaviour that needs a GPU."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raydock.probe import cli, runner
from raydock.probe.answer import ProbeAnswer
from raydock.probe.catalogue import DRIVER
from raydock.probe.gpu import cuda
from raydock.probe.image import load
from tests.support.fakedriver import compile_driver

PROBE = Path(cli.__file__).parent
AXES = {"arch": "amd64", "python": "3.11", "cuda": "13.0", "torch": "none", "vllm": "none", "ray": "2.60.0"}
RunDriverCheck = Callable[..., ProbeAnswer]


@pytest.fixture(scope="session")
def fake_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fake libcuda.so.1."""
    return compile_driver(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def run_driver_check(fake_driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDriverCheck:
    """Run `gpu-driver` with the fake driver in a child, as the probe does.

    `fake`: the driver's environment.
    """

    def run(image: dict[str, Any] | None = None, **fake: str) -> ProbeAnswer:
        described = load(_write_image_file(tmp_path, image))
        monkeypatch.setattr(cuda, "LIBRARY", str(fake_driver / cuda.LIBRARY))
        for name, value in fake.items():
            monkeypatch.setenv(name, value)
        [answer] = runner.run_checks([runner.Task(DRIVER.id, lambda: DRIVER.run(described), DRIVER.limit)])
        return answer

    return run


@pytest.fixture
def run_probe(fake_driver: Path, tmp_path: Path) -> RunDriverCheck:
    """Run the same check with the probe as an image runs it."""

    def run(image: dict[str, Any] | None = None, **fake: str) -> ProbeAnswer:
        shutil.copytree(PROBE, tmp_path / "probe", ignore=shutil.ignore_patterns("__pycache__"))
        _write_image_file(tmp_path, image)
        command = [sys.executable, "-I", str(tmp_path / "probe"), "--json", "--check", "gpu-driver"]
        environment = {**os.environ, "LD_LIBRARY_PATH": str(fake_driver), **fake}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        [answer] = json.loads(done.stdout)["checks"]
        return ProbeAnswer(**{**answer, "warnings": tuple(answer["warnings"])})

    return run


def _write_image_file(folder: Path, image: dict[str, Any] | None) -> Path:
    """Write the image.json of an image for CUDA 13.0, changed by `image`."""
    document = {"schema": 1, "name": "x", "axes": AXES, "packages": {}, "min_driver": "580.65.06", **(image or {})}
    path = folder / "image.json"
    path.write_text(json.dumps(document))
    return path
