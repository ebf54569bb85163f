"""The check `gpu-vllm`: a model made on the spot generates offline, behind vllm's OpenAI server, and in Ray Serve."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

from ..answer import CheckError
from ..command import answer, start
from ..image import Image
from ..ports import free_ports
from .cuda import Driver, explain
from .tiny_model import make
from .torch_level import has_code

OFFLINE, SERVE = (Path(__file__).with_name(name) for name in ("vllm_offline.py", "vllm_serve.py"))
TOKENS = 16
# As little of a GPU as vllm starts with; without CUDA graphs, which take a minute to record.
SETTINGS = {"load_format": "dummy", "enforce_eager": True, "max_model_len": 128, "gpu_memory_utilization": 0.2}
_NAME = "tiny"
_START_SECONDS = 180.0
_STOP_SECONDS = 20.0
# Nothing is fetched and nobody told; one host, perhaps with no network but lo; flashinfer's sampler would want nvcc.
_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_HOST_IP": "127.0.0.1",
    "VLLM_USE_FLASHINFER_SAMPLER": "0",
    "NCCL_SOCKET_IFNAME": "lo",
    "GLOO_SOCKET_IFNAME": "lo",
}


def vllm_level(image: Image) -> str:
    """vllm generates what it is asked for, three ways; the third where Ray is there."""
    folder = Path(tempfile.mkdtemp(prefix="rd", dir="/tmp"))  # a short name, as Ray's sockets need
    environment = {**os.environ, **_ENVIRONMENT}
    try:
        refuse_gpus(image)
        make(folder)
        _offline(folder, environment)
        _openai(folder, environment)
        words = f"vllm {version('vllm')}: a model made here generates offline and answers /v1/completions"
        if not image.has("ray"):
            return f"{words}; no Ray to serve it"
        return _with_ray(words, folder, environment)
    except CheckError as error:
        raise CheckError(explain(str(error))) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_gpus(image: Image) -> None:
    """Raises CheckError for a GPU for which vllm has no code: its own words would be CUDA's, after a minute."""
    if not image.sm:
        return
    driver, shared = Driver(), [f"sm_{sm}" for sm in image.sm]
    driver.call("cuInit", 0)
    for device in driver.devices():
        if not has_code(shared, device.sm):
            raise CheckError(
                f"GPU {device.number} is sm_{device.sm}, for which torch and vllm {image.packages['vllm']} do not both"
                f" hold code (they share {' '.join(shared)})"
            )


def _with_ray(words: str, folder: Path, environment: Dict[str, str]) -> str:
    """`words` and that Ray Serve works too. Raises CheckError, with what works before why it does not, otherwise."""
    try:
        _serve(folder, environment)
    except CheckError as error:
        raise CheckError(f"{words}, but not as a Ray Serve deployment: {error}") from None
    return f"{words}, and as a Ray Serve deployment"


def _settings(folder: Path) -> str:
    return json.dumps({"model": str(folder), **SETTINGS})


def _offline(folder: Path, environment: Dict[str, str]) -> None:
    process = start([sys.executable, "-I", str(OFFLINE), _settings(folder), str(TOKENS)], environment)
    counts = answer(process, "vllm, offline")
    if set(counts) != {TOKENS}:
        raise CheckError(f"vllm generates {counts} tokens in place of {TOKENS} each")


def _openai(folder: Path, environment: Dict[str, str]) -> None:
    """Asks vllm's OpenAI server for a completion."""
    [port] = free_ports(1)
    asked = {"model": _NAME, "prompt": "The quick brown", "max_tokens": TOKENS, "temperature": 0, "ignore_eos": True}
    with _server(folder, port, environment):
        completion = _post(f"http://127.0.0.1:{port}/v1/completions", asked)
    if completion["usage"]["completion_tokens"] != TOKENS:
        raise CheckError(f"/v1/completions answers with {completion['usage']} in place of {TOKENS} tokens")


@contextmanager
def _server(folder: Path, port: int, environment: Dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-I", "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    command += ["--served-model-name", _NAME, "--host", "127.0.0.1", "--port", str(port), "--enforce-eager"]
    for name in ("load_format", "max_model_len", "gpu_memory_utilization"):
        command += [f"--{name.replace('_', '-')}", str(SETTINGS[name])]
    with (folder / "server.out").open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    _await_health(process, port, folder / "server.out")
    yield
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise CheckError(f"vllm's OpenAI server is not down {_STOP_SECONDS:g} s after SIGTERM") from None


def _await_health(process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            _open(f"http://127.0.0.1:{port}/health")
            return
        except OSError:
            time.sleep(0.2)
        if process.poll() is not None or time.monotonic() > deadline:
            lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
            raise CheckError(f"vllm's OpenAI server does not come up; its last words: {lines[-1].strip()}")


def _serve(folder: Path, environment: Dict[str, str]) -> None:
    [port] = free_ports(1)
    command = [sys.executable, "-I", str(SERVE), _settings(folder), str(TOKENS), str(folder), str(port)]
    served = answer(start(command, _without_ray(environment)), "vllm in Ray Serve")
    if served != {"tokens": TOKENS}:
        raise CheckError(f"the Ray Serve deployment answers {served} in place of {TOKENS} tokens")


def _without_ray(environment: Dict[str, str]) -> Dict[str, str]:
    """An environment without what points Ray to another cluster; vllm's engine stays in the deployment's process."""
    kept = {name: value for name, value in environment.items() if not name.startswith("RAY_")}
    return {**kept, "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}


def _post(url: str, document: Dict[str, Any]) -> Dict[str, Any]:
    try:
        found = json.loads(_open(url, json.dumps(document).encode()))
    except urllib.error.HTTPError as error:
        raise CheckError(f"{url} answers {error.code}: {error.read()[-200:].decode('utf-8', 'replace')}") from None
    return dict(found)


def _open(url: str, data: Optional[bytes] = None) -> bytes:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with direct.open(request, timeout=60) as response:
        return bytes(response.read())
