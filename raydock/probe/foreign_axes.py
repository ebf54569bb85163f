"""The axes of a foreign image, read from its Python environment without imports."""

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Dict

_CUDA = re.compile(r"^cuda\b[^=\n]*= *['\"](\d+\.\d+)", re.MULTILINE)


def read_axes() -> Dict[str, str]:
    """The axes of a variant, and Triton's version.

    A missing package is `none`; without CUDA the axis is `cpu`.
    """
    parts = {name: _version(name) for name in ("torch", "vllm", "ray", "triton")}
    python = ".".join(platform.python_version_tuple()[:2])
    return {"arch": platform.machine(), "python": python, "cuda": _cuda(), **parts}


def _version(package: str) -> str:
    try:
        return version(package).split("+")[0]
    except PackageNotFoundError:
        return "none"


def _cuda() -> str:
    """The CUDA for which torch was built, by torch/version.py; `cpu` if none."""
    torch = find_spec("torch")
    if torch is None or not torch.origin:
        return "cpu"
    try:
        match = _CUDA.search(Path(torch.origin).with_name("version.py").read_text(encoding="utf-8"))
    except OSError:
        return "cpu"
    return match[1] if match else "cpu"
