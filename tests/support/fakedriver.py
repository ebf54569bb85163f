"""A CUDA driver that is none, for faults that no real one can be made to have: libcuda.so.1 from fake_cuda.c."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "data" / "fake_cuda.c"


def compile_driver(folder: Path) -> Path:
    """Compiles it into a folder, which is returned. Skips the test where there is no C compiler."""
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the fake driver: `scripts/engine cc`, as root, installs one")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", folder / "libcuda.so.1", SOURCE], check=True)
    return folder
