"""The check `downloads`: what flashinfer, triton and vllm would download."""

import os
import tempfile
from pathlib import Path
from typing import Dict, List

from .answer import ProbeFinding
from .image import Image
from .process import start_script

PROGRAM = Path(__file__).with_name("downloads_start.py")


def downloads(image: Image) -> ProbeFinding:
    """Import vllm, read a generated model, and list the contacted hosts.

    The container has no network. What vllm downloads only on a GPU is known from the packages: FlashInfer's cubins.
    """
    del image
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        answer = start_script("start of vllm", PROGRAM, folder, env=_environment()).answer()
    return ProbeFinding(f"{describe_hosts(answer['hosts'])}; {describe_cubins(answer)}", ())


def _environment() -> Dict[str, str]:
    """The image's environment without the variables that forbid downloads."""
    return {name: value for name, value in os.environ.items() if name not in {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}}


def describe_hosts(hosts: List[str]) -> str:
    """The hosts that were contacted by the imports and by reading a model."""
    contacts = f"contacts {', '.join(hosts)}" if hosts else "contacts no host"
    return f"importing flashinfer, triton and vllm and reading a model on disk {contacts}"


def describe_cubins(answer: "Dict[str, object]") -> str:
    """Whether FlashInfer has or downloads its kernels for compute capability 10."""
    if answer["cubins"] is None:
        return "no flashinfer"
    if answer["cubins"]:
        return f"flashinfer-cubin has {answer['cubins']} files"
    source = answer["repository"]
    return f"flashinfer-cubin is not installed: attention on compute capability 10.x downloads from {source}"
