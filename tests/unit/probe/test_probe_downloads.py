"""What the check `downloads` reports; small modules replace vllm."""

import socket
import sys
from types import ModuleType
from typing import Any

import pytest

from raydock.probe import downloads, downloads_start
from raydock.probe.answer import CheckError

ANSWER: dict[str, Any] = {
    "hosts": [],
    "configuration_hosts": [],
    "device": "cpu",
    "error": "",
    "inspected": False,
    "cubins": None,
    "repository": "",
}


class FakePlatform:
    """A platform of vllm."""

    def __init__(self, device_type: str = "cpu") -> None:
        self.device_type = device_type


class FakePlatforms(ModuleType):
    """`vllm.platforms`, whose `current_platform` is a property of the module as in vllm."""

    _current_platform = FakePlatform("")

    def __getattr__(self, name: str) -> FakePlatform:
        if name != "current_platform":
            raise AttributeError(name)
        return self._current_platform


def install(monkeypatch: pytest.MonkeyPatch, name: str, **contents: object) -> None:
    """Make `name` a module with these contents, and its parents packages."""
    module = contents.pop("module", None) or ModuleType(name)
    module.__dict__.update({"__path__": [], **contents})
    monkeypatch.setitem(sys.modules, name, module)
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"cubins": 0, "repository": "https://x.example/"}, "downloads from https://x.example/"),
        ({"cubins": 12}, "flashinfer-cubin has 12 files"),
        ({"cubins": None}, "no flashinfer"),
    ],
)
def test_the_downloads_of_flashinfer_are_described(answer: dict[str, Any], text: str) -> None:
    assert text in downloads.describe_cubins({**ANSWER, **answer})


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({}, "configuring vllm for a model on disk (device cpu) contacts no host"),
        ({"hosts": ["a.example", "b.example"]}, "contacts a.example, b.example"),
        ({"inspected": True}, "contacts no host; its first start inspects the model's class in one more process"),
        (
            {"error": "RuntimeError: no device", "device": "unknown"},
            "reading a model on disk contacts no host; vllm was not configured for it on the device unknown:"
            " RuntimeError: no device",
        ),
        ({"error": "ValueError: x", "hosts": ["a.example"]}, "contacts a.example; vllm was not configured"),
    ],
)
def test_contacted_hosts_and_the_configuration_are_described(answer: dict[str, Any], text: str) -> None:
    assert text in downloads.describe_configuration({**ANSWER, **answer})


def test_a_configuration_that_needs_a_download_fails() -> None:
    answer = {**ANSWER, "hosts": ["a.example"], "configuration_hosts": ["a.example"], "error": "OSError: " + 400 * "x"}
    with pytest.raises(CheckError, match=r"for a model on disk without a\.example: OSError: x") as caught:
        downloads.describe_configuration(answer)
    assert len(str(caught.value)) < 400


def test_look_ups_and_connections_are_recorded_but_not_those_to_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts: set[str] = set()
    monkeypatch.setattr(downloads_start, "HOSTS", hosts)
    for host in ("a.example", b"b.example", None, "localhost", "127.0.0.1", "10.1.2.3"):
        downloads_start.watch("socket.getaddrinfo", (host, 443))
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        downloads_start.watch("socket.connect", (stream, ("9.9.9.9", 443)))
        downloads_start.watch("socket.connect", (stream, "/run/a.sock"))
        downloads_start.watch("socket.connect", (datagram, ("8.8.8.8", 80)))  # as vllm finds its own address
    assert hosts == {"a.example", "b.example", "9.9.9.9"}


def test_a_process_that_inspects_the_models_class_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    inspections: list[object] = []
    monkeypatch.setattr(downloads_start, "INSPECTIONS", inspections)
    downloads_start.watch("subprocess.Popen", ("python", ["python", "-m", "vllm.collect_env"], None, None))
    assert not inspections
    command = ["python", "-m", "vllm.model_executor.models.registry"]
    downloads_start.watch("subprocess.Popen", ("python", command, None, None))
    assert inspections == [command]


def test_vllm_is_configured_for_the_cpu_if_it_finds_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "vllm")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert downloads_start.select_device() == "cuda"  # an old release
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    install(monkeypatch, "vllm.platforms", module=FakePlatforms("vllm.platforms"))
    assert downloads_start.select_device() == "unknown"  # a release without this module for the CPU
    install(monkeypatch, "vllm.platforms.cpu", CpuPlatform=FakePlatform)
    assert downloads_start.select_device() == "cpu"
    sys.modules["vllm.platforms"].__dict__["_current_platform"] = FakePlatform("cuda")
    assert downloads_start.select_device() == "cuda"


@pytest.mark.parametrize("method", ["create_engine_config", "create_engine_configs"])
def test_the_error_of_a_configuration_is_one_line(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class EngineArgs:
        """vllm's arguments: the model `bad` has no configuration."""

        def __init__(self, model: str) -> None:
            self.model = model

    def create(self: EngineArgs) -> None:
        if self.model == "bad":
            raise ValueError("no\n  config")

    setattr(EngineArgs, method, create)
    install(monkeypatch, "vllm")
    install(monkeypatch, "vllm.engine")
    install(monkeypatch, "vllm.engine.arg_utils", EngineArgs=EngineArgs)
    assert downloads_start.configure("good") == ""
    assert downloads_start.configure("bad") == "ValueError: no config"
