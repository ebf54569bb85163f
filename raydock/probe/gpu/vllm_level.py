"""The check `gpu-vllm`: vllm serves a generated model with its defaults."""

import json
import os
import shutil
import socket
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Dict, List

from ..answer import CheckError, ProbeFinding
from ..image import Image
from ..ports import free_ports
from ..process import start_script
from .cuda import Driver, explain
from .tiny_model import make
from .torch_level import has_code
from .vllm_server import GREEDY, SAMPLED, TOKENS, Times, measure

OFFLINE, SERVE = (Path(__file__).with_name(name) for name in ("vllm_offline.py", "vllm_serve.py"))
_SAMPLINGS = tuple(json.dumps(sampling) for sampling in (GREEDY, SAMPLED))
# Nothing is downloaded. No variable here selects vllm's engine, kernels or sampler: only the image's variables do.
_OFFLINE = {"HF_HUB_OFFLINE": "1"}
# For containers without a network; a user's container has one.
_LOOPBACK = {"VLLM_HOST_IP": "127.0.0.1", "NCCL_SOCKET_IFNAME": "lo", "GLOO_SOCKET_IFNAME": "lo"}


def vllm_level(image: Image) -> ProbeFinding:
    """Complete prompts, greedily and by sampling, in each way to run vllm.

    They are `vllm serve` twice, LLM, and Ray Serve.
    """
    folder = Path(tempfile.mkdtemp(prefix="rd", dir="/tmp"))  # a short name, as Ray's sockets need
    try:
        refuse_gpus(image)
        model = folder / "model"
        model.mkdir()
        make(model)
        environment = {**os.environ, **_OFFLINE, **_network()}
        starts = [measure(f"vllm serve, {which} start", model, environment) for which in ("first", "second")]
        _offline(model, environment)
        summary = _describe(starts)
        if not image.has("ray"):
            return ProbeFinding(f"{summary}; the image has no Ray Serve", _warnings(starts))
        return ProbeFinding(_with_ray(summary, model, folder, environment), _warnings(starts))
    except CheckError as error:
        raise CheckError(explain(str(error))) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_gpus(image: Image) -> None:
    """Raise CheckError for a GPU for which vllm has no code.

    vllm itself would fail after a minute, with an error of CUDA.
    """
    if not image.sm:
        return
    driver, shared = Driver(), [f"sm_{sm}" for sm in image.sm]
    driver.call("cuInit", 0)
    for device in driver.devices():
        if not has_code(shared, device.sm):
            raise CheckError(
                f"GPU {device.number} is sm_{device.sm}, for which torch and vllm {image.packages['vllm']} do not both"
                f" have code (they share {' '.join(shared)})"
            )


def _describe(starts: "List[Times]") -> str:
    first, second = starts
    return (
        f"vllm {version('vllm')}: `vllm serve` {first.text}; second start {second.text};"
        " greedy and sampled completions, also with LLM offline"
    )


def _warnings(starts: "List[Times]") -> "tuple[str, ...]":
    """A warning for each start in which kernels were compiled for a request."""
    pairs = zip(("first", "second"), starts)
    return tuple(
        f"{which} start: Triton compiled or loaded {len(times.compiled)} kernels at the first requests"
        f" ({', '.join(times.compiled)})"
        for which, times in pairs
        if times.compiled
    )


def _network() -> Dict[str, str]:
    return {} if {name for _, name in socket.if_nameindex()} - {"lo"} else _LOOPBACK


def _offline(model: Path, environment: Dict[str, str]) -> None:
    program = start_script("vllm offline", OFFLINE, str(model), str(TOKENS), *_SAMPLINGS, env=environment)
    counts = program.answer()
    if any(count != TOKENS for completions in counts for count in completions):
        raise program.error(f"generates {counts} tokens in place of {TOKENS} each")


def _with_ray(summary: str, model: Path, folder: Path, environment: Dict[str, str]) -> str:
    """Check Ray Serve, and return `summary` with the result.

    Raises CheckError, with `summary` and the reason, if it does not work.
    """
    try:
        times = _serve(model, folder, environment)
    except CheckError as error:
        raise CheckError(f"{summary}, but not as a Ray Serve deployment: {error}") from None
    return f"{summary}, and as a Ray Serve deployment ({times})"


def _serve(model: Path, folder: Path, environment: Dict[str, str]) -> str:
    """Run vllm in Ray Serve, and return its times as text."""
    [port] = free_ports(1)
    arguments = (str(model), str(TOKENS), str(folder), str(port), *_SAMPLINGS)
    # Without the variables that point Ray to a different cluster.
    kept = {name: value for name, value in environment.items() if not name.startswith("RAY_")}
    program = start_script("vllm in Ray Serve", SERVE, *arguments, env=kept)
    answer = program.answer()
    if answer["answers"] != [{"tokens": TOKENS}] * len(_SAMPLINGS):
        raise program.error(f"answers {answer['answers']} in place of {TOKENS} tokens each")
    return f"ready after {answer['ready']:.1f} s, first answer after {answer['answered']:.1f} s"
