"""`vllm serve` with vllm's defaults: start, completions, stop, and times."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from ..ports import HOST, free_ports
from ..process import Program, launch

TOKENS = 16
# The sampling that clients request: always the most likely token, or a sample of the likely ones.
GREEDY = {"temperature": 0.0}
SAMPLED = {"temperature": 0.8, "top_p": 0.9, "top_k": 50}
NAME = "tiny"
_PROMPT = "The quick brown"
# Several times what a first start takes if it compiles (docs/reference/gpu-levels.md).
_START_SECONDS = 600.0
_STOP_SECONDS = 30.0
_ANSWER_SECONDS = 300.0


@dataclass(frozen=True)
class Times:
    """The times of one start, in seconds.

    Attributes:
        healthy: until /health answers.
        answered: until the first completion ends.
        greedy: of the first greedy completion, and of the same one again.
        sampled: of the first sampled completion, and of the same one again.
        compiled: the kernels that were compiled for a request, by the log.
    """

    healthy: float
    answered: float
    greedy: Tuple[float, float]
    sampled: Tuple[float, float]
    compiled: Tuple[str, ...]

    @property
    def text(self) -> str:
        """The times as text."""
        first, again = self.sampled
        return (
            f"healthy after {self.healthy:.1f} s, first answer after {self.answered:.1f} s,"
            f" first sampled completion in {first:.2f} s (again {again:.2f} s)"
        )


def measure(what: str, model: Path, environment: Dict[str, str]) -> Times:
    """Start `vllm serve`, request completions, and stop it.

    `what` is the name of this start in messages. Raises CheckError, with the end of the server's output, if it does not
    start, does not answer as requested, or does not stop.
    """
    began = time.monotonic()
    with _server(what, model, environment) as (program, url):
        healthy = time.monotonic() - began
        greedy = _complete(program, url, GREEDY)
        answered = time.monotonic() - began
        times = [greedy, *(_complete(program, url, sampling) for sampling in (GREEDY, SAMPLED, SAMPLED))]
    log = program.output.read_text(encoding="utf-8", errors="replace")
    return Times(healthy, answered, (times[0], times[1]), (times[2], times[3]), compiled(log))


def compiled(log: str) -> Tuple[str, ...]:
    """The kernels that a server's log reports as compiled during inference."""
    mark = "JIT compilation during inference: "
    lines = (line.partition(mark)[2] for line in log.splitlines() if mark in line)
    return tuple(dict.fromkeys(line.split(" ")[0].rstrip(".") for line in lines))


def command(model: Path, port: int) -> List[str]:
    """The command that starts the server.

    It is `vllm serve`, or the module if this vllm does not have the command.
    """
    vllm = Path(sys.executable).with_name("vllm")
    start = [str(vllm), "serve", str(model)]
    if not vllm.exists():
        start = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
    return [*start, "--served-model-name", NAME, "--host", HOST, "--port", str(port)]


@contextmanager
def _server(what: str, model: Path, environment: Dict[str, str]) -> Iterator[Tuple[Program, str]]:
    [port] = free_ports(1)
    program = launch(what, command(model, port), environment)
    url = f"http://{HOST}:{port}"
    try:
        _await_health(program, url)
        yield program, url
    finally:
        # Also after a failure: otherwise the server would use its GPU during the next checks.
        stopped = _stop(program)
    if not stopped:
        raise program.error(f"still runs {_STOP_SECONDS:g} s after SIGTERM")


def _stop(program: Program) -> bool:
    """Stop a server. Returns whether SIGTERM was enough."""
    program.process.send_signal(signal.SIGTERM)
    try:
        program.process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        program.process.kill()
        return False
    return True


def _await_health(program: Program, url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            _open(f"{url}/health", timeout=10)
            return
        except OSError:
            time.sleep(0.1)
        if program.process.poll() is not None:
            raise program.error(f"ended with exit status {program.process.returncode} before it was healthy")
        if time.monotonic() > deadline:
            raise program.error(f"is not healthy after {_START_SECONDS:g} s")


def _complete(program: Program, url: str, sampling: Dict[str, float]) -> float:
    """The seconds of one completion of TOKENS tokens."""
    request = {"model": NAME, "prompt": _PROMPT, "max_tokens": TOKENS, "ignore_eos": True, **sampling}
    began = time.monotonic()
    try:
        completion = json.loads(_open(f"{url}/v1/completions", json.dumps(request).encode()))
        count = completion["usage"]["completion_tokens"]
    except urllib.error.HTTPError as error:
        body = error.read()[-300:].decode("utf-8", "replace")
        raise program.error(f"answers /v1/completions ({sampling}) with {error.code}: {body}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise program.error(f"does not answer /v1/completions ({sampling}): {error!r}") from None
    if count != TOKENS:
        raise program.error(f"answers /v1/completions ({sampling}) with {count} tokens in place of {TOKENS}")
    return time.monotonic() - began


def _open(url: str, data: Optional[bytes] = None, timeout: float = _ANSWER_SECONDS) -> bytes:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with direct.open(request, timeout=timeout) as response:
        return bytes(response.read())
