import json

from raydock.core.errors import HostError
from raydock.pick.nvidia_smi import GpuHost, stated
from raydock.pick.output import document, text
from raydock.pick.pick import pick, pick_each
from tests.unit.pick.conftest import REGISTRY, Made

OLD = "ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu128"
A100 = stated("gpu01", "535.104.05", ["8.0"])


def test_document_of_one_host(offered: Made) -> None:
    output = json.loads(json.dumps(document(*pick_each({"gpu01": A100}, offered(OLD)))))
    assert list(output) == ["schema", "tag", "image", "digest", "where", "why", "rejected", "hints"]
    assert (output["schema"], output["tag"], output["image"], output["where"]) == (1, OLD, f"{REGISTRY}:{OLD}", "built")
    assert output["digest"].startswith("sha256:")
    assert output["rejected"][0] == {
        "name": "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130",
        "reason": "driver 535.104.05 < 580.65.06 needed by CUDA 13.0",
    }


def test_document_of_several_hosts(offered: Made) -> None:
    hosts: dict[str, GpuHost | HostError] = {"gpu01": A100, "gpu02": HostError("gpu02: nvidia-smi printed nothing.")}
    output = document(*pick_each(hosts, offered()))
    assert [entry["host"] for entry in output["hosts"]] == ["gpu01", "gpu02"]
    assert output["hosts"][1]["tag"] is None
    assert output["hosts"][1]["error"] == "gpu02: nvidia-smi printed nothing."
    assert "gpu02" in output["all"]["error"]


def test_the_text_has_the_image_and_the_command_that_builds_it(offered: Made) -> None:
    lines = text(pick([A100], offered()))
    assert f"{REGISTRY}:{OLD}\n" in lines
    assert f"not built: `./build.py images {OLD}`" in lines
    assert "not built" not in text(pick([A100], offered(OLD)))


def test_the_text_has_each_reason_once_with_its_variants(offered: Made) -> None:
    lines = text(pick([A100], offered()))
    assert lines.count("driver 535.104.05 < 580.65.06 needed by CUDA 13.0") == 1
    assert lines.count("vllm0.32.0") == 2
