import json

from raydock.core.errors import HostError
from raydock.pick.nvidia_smi import GpuHost, stated
from raydock.pick.output import document, words
from raydock.pick.pick import pick, pick_each
from tests.unit.pick.conftest import REGISTRY, Made

OLD = "ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu128"
A100 = stated("gpu01", "535.104.05", ["8.0"])


def test_document_of_one_host(offered: Made) -> None:
    made = json.loads(json.dumps(document(*pick_each({"gpu01": A100}, offered(OLD)))))
    assert list(made) == ["schema", "tag", "image", "digest", "where", "why", "rejected", "hints"]
    assert (made["schema"], made["tag"], made["image"], made["where"]) == (1, OLD, f"{REGISTRY}:{OLD}", "built")
    assert made["digest"].startswith("sha256:")
    assert made["rejected"][0] == {
        "name": "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130",
        "reason": "driver 535.104.05 < 580.65.06 needed by CUDA 13.0",
    }


def test_document_of_several_hosts(offered: Made) -> None:
    asked: dict[str, GpuHost | HostError] = {"gpu01": A100, "gpu02": HostError("gpu02: nvidia-smi said nothing.")}
    made = document(*pick_each(asked, offered()))
    assert [entry["host"] for entry in made["hosts"]] == ["gpu01", "gpu02"]
    assert made["hosts"][1]["tag"] is None
    assert made["hosts"][1]["error"] == "gpu02: nvidia-smi said nothing."
    assert "gpu02" in made["all"]["error"]


def test_words_say_the_image_and_how_to_build_it(offered: Made) -> None:
    told = words(pick([A100], offered()))
    assert f"{REGISTRY}:{OLD}\n" in told
    assert f"not built: `./build.py images --select 'name={OLD}'`" in told
    assert "not built" not in words(pick([A100], offered(OLD)))


def test_words_say_a_reason_once_for_its_variants(offered: Made) -> None:
    told = words(pick([A100], offered()))
    assert told.count("driver 535.104.05 < 580.65.06 needed by CUDA 13.0") == 1
    assert told.count("vllm0.32.0") == 2
