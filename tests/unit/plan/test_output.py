import json

from raydock.plan.output import document
from raydock.plan.planner import Plan
from raydock.plan.select import select


def test_document(plan: Plan) -> None:
    chosen = select(plan, ["quickstart"])
    decoded = json.loads(
        json.dumps(document(plan, chosen, {"ray2.60.0-py311-cpu": 190_000_000}, {"ray2.60.0-py311-cpu": "cu118 index"}))
    )
    assert decoded["schema"] == 1
    assert decoded["variants"][0] == {
        "name": "ray2.60.0-py311-cpu",
        "axes": {
            "arch": "amd64",
            "python": "3.11",
            "cuda": "cpu",
            "torch": "none",
            "vllm": "none",
            "ray": "2.60.0",
        },
        "groups": ["quickstart", "all"],
        "ray_extras": ["default", "serve"],
        "packages": [],
        "kuberay": True,
        "tags": ["ray2.60.0-py311-cpu"],
        "min_driver": "",
        "sm": [],
        "glibc": "2.17",
        "nvcc": "",
        "prebuilt_kernels": False,
        "token_authentication": True,
        "download_bytes": 190_000_000,
        "no_cutoff": "cu118 index",
    }
    assert [variant["download_bytes"] for variant in decoded["variants"]] == [190_000_000, None]
    assert len(decoded["excluded"]) == 88
    assert set(decoded["excluded"][0]) == {"name", "axes", "reason", "evidence", "nearest"}
