import json
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from types import MappingProxyType

from rich.console import Console

from raydock.plan.output import by_reason, document, table
from raydock.plan.planner import Plan
from raydock.plan.select import select


def render(plan: Plan, width: int = 200, sizes: Mapping[str, int | None] = MappingProxyType({})) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(table(plan, select(plan, ["serve"]), sizes))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


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
        "download_bytes": 190_000_000,
        "no_cutoff": "cu118 index",
    }
    assert [variant["download_bytes"] for variant in decoded["variants"]] == [190_000_000, None]
    assert len(decoded["excluded"]) == 88
    assert set(decoded["excluded"][0]) == {"name", "axes", "reason", "evidence", "nearest"}


def test_reasons_are_counted(plan: Plan) -> None:
    grouped = by_reason(plan.excluded)
    assert [len(group) for group in grouped] == [24, 24, 16, 16, 4, 4]
    assert {exclusion for group in grouped for exclusion in group} == set(plan.excluded)
    assert all(len({exclusion.verdict for exclusion in group}) == 1 for group in grouped)


def test_table_has_variants_and_reasons(plan: Plan) -> None:
    text = render(plan)
    assert "8 variants" in text
    assert "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130" in text
    assert "ray2.60.0-py311-cpu " not in text.split("88 points")[0]
    assert ">= 580.65.06" in text
    assert "88 points of the matrix cannot exist" in text
    assert "torch 2.13.0 is built for CUDA 13.0" in text
    assert "download" not in text


def test_table_with_sizes(plan: Plan) -> None:
    assert "4,185 MB" in render(plan, sizes={"ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130": 4_185_000_000})


def test_brackets_of_an_extra_are_not_markup(plan: Plan) -> None:
    marked = replace(
        plan.excluded[0], verdict=plan.excluded[0].verdict._replace(evidence="requires ray[cgraph]>=2.48.0")
    )
    assert "ray[cgraph]>=2.48.0" in render(replace(plan, excluded=(marked,)))
