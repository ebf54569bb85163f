"""vLLM's cache that templates/installer/inspect-models.py writes; small modules replace vLLM."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[3] / "templates" / "installer" / "inspect-models.py"
EPOCH = 1_794_700_800


def functions() -> dict[str, Any]:
    """The functions of the program, which is not run."""
    return runpy.run_path(str(PROGRAM))


class Model:
    """A registered model class, whose answer comes from `registry._run_in_subprocess` as in vLLM."""

    def __init__(self, registry: ModuleType, answer: Callable[[], str], module: str = "llama") -> None:
        self.registry, self.answer = registry, answer
        self.module_name = f"vllm.{'' if module.startswith('models.') else 'model_executor.models.'}{module}"

    def inspect_model_cls(self) -> str:
        answer: str = self.registry._run_in_subprocess(self.answer)
        return answer


def fail() -> str:
    raise ModuleNotFoundError("No module named 'timm'")


def install(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Replace vLLM's registry: a model, one that needs a missing package, one that depends on the hardware."""
    for name in ("vllm", "vllm.model_executor", "vllm.model_executor.models"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    registry = ModuleType("registry")
    models = {
        "GoodForCausalLM": Model(registry, lambda: "good"),
        "TimmModel": Model(registry, fail),
        "HardwareModel": Model(registry, lambda: "good", "models.hardware_model"),
    }
    registry.__dict__.update(_run_in_subprocess=None, ModelRegistry=SimpleNamespace(models=models))
    monkeypatch.setattr(sys.modules["vllm.model_executor.models"], "registry", registry, raising=False)
    return registry


def test_classes_are_inspected_in_the_same_process_and_missing_ones_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = install(monkeypatch)
    assert functions()["inspect_all"]() == [
        "TimmModel: ModuleNotFoundError: No module named 'timm'",
        "HardwareModel: depends on the hardware",
    ]
    assert registry.ModelRegistry.models["GoodForCausalLM"].inspect_model_cls() == "good"


def test_a_vllm_that_inspects_in_a_different_way_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = install(monkeypatch)
    del registry.__dict__["_run_in_subprocess"]
    assert functions()["inspect_all"]() == ["all: this vLLM inspects classes in a different way"]


def test_the_cache_is_writable_for_any_user_and_has_the_time_of_the_image(tmp_path: Path) -> None:
    source, home = tmp_path / "source", tmp_path / "home"
    (source / "modelinfos").mkdir(parents=True)
    (source / "modelinfos" / "good.json").write_text(json.dumps({"hash": "1"}))
    home.mkdir()
    functions()["place"](source, home / ".cache" / "vllm", EPOCH)
    entry = home / ".cache" / "vllm" / "modelinfos" / "good.json"
    assert json.loads(entry.read_text()) == {"hash": "1"}
    for path in (entry, entry.parent, home / ".cache" / "vllm", home / ".cache"):
        status = path.stat()
        assert (status.st_uid, status.st_gid, status.st_mtime) == (home.stat().st_uid, home.stat().st_gid, EPOCH)
        assert status.st_mode & 0o7777 == (0o644 if path == entry else 0o1777)
    assert home.stat().st_mtime == EPOCH
