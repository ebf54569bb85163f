"""The check `downloads`: what flashinfer, triton and vllm would download."""

import os
import tempfile
from pathlib import Path
from typing import Any, Dict

from .answer import CheckError
from .image import Image
from .process import start_script

PROGRAM = Path(__file__).with_name("downloads_start.py")
# How many characters of vllm's error the detail quotes.
LENGTH = 300


def downloads(image: Image) -> str:
    """Import vllm, configure it for a generated model, and list the contacted hosts.

    The container has no network. Without a GPU, vllm is configured for the CPU. What vllm downloads only on a GPU is
    known from the packages: FlashInfer's cubins. Raises CheckError if vllm cannot be configured without a download.
    """
    del image
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        answer = start_script("start of vllm", PROGRAM, folder, env=_environment()).answer()
    return f"{describe_configuration(answer)}; {describe_cubins(answer)}"


def _environment() -> Dict[str, str]:
    """The image's environment without the variables that forbid downloads."""
    return {name: value for name, value in os.environ.items() if name not in {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}}


def describe_configuration(answer: Dict[str, Any]) -> str:
    """The hosts that were contacted by the imports and by vllm's configuration.

    Raises CheckError if vllm contacted a host and then failed. If it failed for a different reason, which may be the
    missing GPU, the text has the error.
    """
    error = answer["error"][:LENGTH]
    if error and answer["configuration_hosts"]:
        hosts = ", ".join(answer["configuration_hosts"])
        raise CheckError(f"vllm cannot be configured for a model on disk without {hosts}: {error}")
    hosts = ", ".join(answer["hosts"]) or "no host"
    if error:
        return (
            f"importing flashinfer, triton and vllm and reading a model on disk contacts {hosts};"
            f" vllm was not configured for it on the device {answer['device']}: {error}"
        )
    inspects = "; its first start inspects the model's class in one more process" if answer["inspected"] else ""
    return (
        "importing flashinfer, triton and vllm and configuring vllm for a model on disk"
        f" (device {answer['device']}) contacts {hosts}{inspects}"
    )


def describe_cubins(answer: Dict[str, Any]) -> str:
    """Whether FlashInfer has or downloads its kernels for compute capability 10."""
    if answer["cubins"] is None:
        return "no flashinfer"
    if answer["cubins"]:
        return f"flashinfer-cubin has {answer['cubins']} files"
    source = answer["repository"]
    return f"flashinfer-cubin is not installed: attention on compute capability 10.x downloads from {source}"
