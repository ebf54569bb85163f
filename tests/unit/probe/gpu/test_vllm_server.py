"""How gpu-vllm measures a server; a script stands in for vllm, which needs a GPU."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from raydock.probe.answer import CheckError
from raydock.probe.gpu import vllm_level, vllm_server
from raydock.probe.gpu.tiny_model import CONFIG, shapes
from raydock.probe.gpu.vllm_level import _describe, _warnings, _with_ray
from raydock.probe.gpu.vllm_server import Times, compiled, measure

# Answers as vllm's server does, and prints as it does.
SERVER = f"""#!{sys.executable}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
if os.environ.get("FAIL") == "start":
    print("EngineCore failed to start.\\nRuntimeError: Ninja build failed", flush=True)
    sys.exit(1)
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if os.environ.get("FAIL") == "sampled" and request["temperature"]:
            print("Traceback: no kernel image", flush=True)
            self.send_response(500); self.end_headers(); self.wfile.write(b"EngineDeadError"); return
        print("Triton kernel JIT compilation during inference: _temperature_kernel. This causes", flush=True)
        body = json.dumps({{"usage": {{"completion_tokens": int(os.environ.get("COUNT", request["max_tokens"]))}}}})
        self.send_response(200); self.end_headers(); self.wfile.write(body.encode())
    def log_message(self, *_): pass
arguments = sys.argv[1:]
assert arguments[0] == "serve" and "--enforce-eager" not in arguments, arguments
HTTPServer(("127.0.0.1", int(arguments[arguments.index("--port") + 1])), Handler).serve_forever()
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a server whose `vllm` is the stand-in next to this Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "vllm").write_text(SERVER)
    (folder / "vllm").chmod(stat.S_IRWXU)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("RAYDOCK_OUTPUT", str(tmp_path))
    return dict(os.environ)


def test_a_start_is_measured_and_kernels_compiled_for_requests_are_named(
    environment: dict[str, str], tmp_path: Path
) -> None:
    times = measure("vllm serve, first start", tmp_path, environment)
    assert 0 < times.healthy < times.answered
    assert times.compiled == ("_temperature_kernel",)
    assert (tmp_path / "vllm-serve-first-start.log").read_text().count("JIT compilation") == 4


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            ("FAIL", "start"),
            r"exit status 1 before it was healthy; .*first-start\.log ends: .*RuntimeError: Ninja build failed",
        ),
        (("FAIL", "sampled"), r"with 500: EngineDeadError; .*first-start\.log ends: .*Traceback: no kernel image"),
        (("COUNT", "3"), r"\{'temperature': 0\.0\}\) with 3 tokens in place of 16"),
    ],
)
def test_a_server_that_fails_is_quoted(
    environment: dict[str, str], tmp_path: Path, setting: tuple[str, str], message: str
) -> None:
    name, value = setting
    with pytest.raises(CheckError, match=message):
        measure("vllm serve, first start", tmp_path, {**environment, name: value})
    running = subprocess.run(["pgrep", "--full", str(tmp_path)], check=False, capture_output=True, text=True)
    assert running.stdout == ""


def test_an_older_vllm_is_started_by_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert "vllm.entrypoints.openai.api_server" in vllm_server.command(tmp_path, 1)


def test_kernels_are_named_once_in_their_order() -> None:
    line = "(EngineCore pid=9) WARNING Triton kernel JIT compilation during inference: "
    log = f"{line}_b (key=1). This\nINFO x\n{line}_a. This causes\n{line}_b. This\n"
    assert compiled(log) == ("_b", "_a")


def test_both_starts_are_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raydock.probe.gpu.vllm_level.version", lambda _: "0.32.0")
    first = Times(50.0, 50.5, (0.5, 0.02), (1.2, 0.03), ("_a",))
    second = Times(30.0, 30.1, (0.1, 0.02), (0.04, 0.03), ())
    text = _describe([first, second])
    assert "healthy after 50.0 s, first answer after 50.5 s, first sampled completion in 1.20 s" in text
    assert "second start healthy after 30.0 s" in text
    assert _warnings([first, second]) == (
        "first start: Triton compiled or loaded 1 kernels at the first requests (_a)",
    )


@pytest.mark.parametrize(
    ("tokens", "message"), [(16, ""), (3, r"answers \[\{'tokens': 3\}, .*in place of 16 tokens each")]
)
def test_the_times_of_ray_serve_are_described(
    tokens: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"ready": 41.26, "answered": 42.0, "answers": [{"tokens": tokens}, {"tokens": 16}]}
    script = tmp_path / "serve.py"
    script.write_text(
        f"import os, pathlib\npathlib.Path(os.environ['RAYDOCK_ANSWER']).write_text({json.dumps(answer)!r})"
    )
    monkeypatch.setattr(vllm_level, "SERVE", script)
    monkeypatch.setenv("RAYDOCK_OUTPUT", str(tmp_path))
    if message:
        with pytest.raises(CheckError, match=rf"x, but not as a Ray Serve deployment: .*{message}"):
            _with_ray("x", tmp_path, tmp_path, dict(os.environ))
        return
    text = _with_ray("x", tmp_path, tmp_path, dict(os.environ))
    assert text == "x, and as a Ray Serve deployment (ready after 41.3 s, first answer after 42.0 s)"


def test_the_models_weights_are_those_of_its_configuration() -> None:
    weights = dict(shapes())
    assert weights["lm_head.weight"] == (CONFIG["vocab_size"], CONFIG["hidden_size"])
    assert len(weights) == 3 + 9 * int(str(CONFIG["num_hidden_layers"]))
