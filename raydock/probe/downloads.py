"""The check `downloads`: what flashinfer, triton and vllm would fetch when they start."""

import os
import tempfile
from pathlib import Path
from typing import Dict, List

from .answer import ProbeFinding
from .image import Image
from .process import script

PROGRAM = Path(__file__).with_name("downloads_start.py")


def downloads(image: Image) -> ProbeFinding:
    """Imports vllm, reads a model made here as its front end does, and lists the hosts asked for.

    The container has no network. What vllm fetches only on a GPU is listed from the packages: FlashInfer's cubins.
    """
    del image
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        found = script("start of vllm", PROGRAM, folder, env=_environment()).answer()
    return ProbeFinding(f"{words(found['hosts'])}; {cubins(found)}", ())


def _environment() -> Dict[str, str]:
    """The image's own environment, without what would forbid a download."""
    return {name: value for name, value in os.environ.items() if name not in {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}}


def words(hosts: List[str]) -> str:
    """The hosts that were asked for while vllm was imported and a model on disk was read."""
    asked = f"asks for {', '.join(hosts)}" if hosts else "asks for no host"
    return f"importing flashinfer, triton and vllm and reading a model on disk {asked}"


def cubins(found: "Dict[str, object]") -> str:
    """Whether FlashInfer has its compiled kernels for GPUs of compute capability 10, which it fetches otherwise."""
    if found["cubins"] is None:
        return "no flashinfer"
    if found["cubins"]:
        return f"flashinfer-cubin holds {found['cubins']} files"
    return f"flashinfer-cubin is not installed: attention on compute capability 10.x fetches from {found['repository']}"
