"""A fake CUDA driver for faults that a real driver cannot be made to have: libcuda.so.1 from fake_cuda.c."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "data" / "fake_cuda.c"


def compile_driver(folder: Path) -> Path:
    """Compile the driver into a folder, which is returned. Skips the test if cc is not installed."""
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the fake driver: `scripts/engine cc`, as root, installs one")
    subprocess.run(
        ["cc", "-std=gnu17", "-shared", "-fPIC", "-O1", "-w", "-o", folder / "libcuda.so.1", SOURCE], check=True
    )
    return folder
