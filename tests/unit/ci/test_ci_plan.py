import json
import random
from itertools import product
from pathlib import Path

import pytest

from raydock.ci.plan import CiPlan, Load, Shard, plan_shards, shards
from raydock.model import lock as locks
from raydock.plan.planner import Plan

LOCKFILES = Path(__file__).parents[3] / "lockfiles"
COUNTS = (1, 2, 3, 4, 8, 50)
CPU = Load(name="ray2.60.0-py311-cpu", gpu=False, family="a", bytes=1)
TORCH = Load(name="ray2.60.0-torch2.13.0-py311-cu130", gpu=True, family="b", bytes=2)
FINGERPRINTS = {CPU.name: "a" * 64, TORCH.name: "b" * 64}


def planned_run(published: dict[str, str]) -> CiPlan:
    return plan_shards(FINGERPRINTS, published, [CPU, TORCH], 4)


def test_a_variant_published_with_its_fingerprint_has_no_job() -> None:
    ci_plan = planned_run({CPU.name: "a" * 64})
    assert [shard.names for shard in ci_plan.shards] == [(TORCH.name,)]
    assert ci_plan.published == (CPU.name,)


def test_a_variant_published_with_a_different_fingerprint_is_built_again() -> None:
    ci_plan = planned_run({CPU.name: "c" * 64, TORCH.name: "b" * 64})
    assert [shard.names for shard in ci_plan.shards] == [(CPU.name,)]


def test_github_gets_a_matrix_of_all_shards_and_one_of_gpu_shards() -> None:
    outputs = dict(line.split("=", 1) for line in planned_run({}).github().splitlines())
    shards, gpu = json.loads(outputs["shards"]), json.loads(outputs["gpu"])
    assert [shard["select"] for shard in shards] == [f"name={TORCH.name}", f"name={CPU.name}"]
    assert gpu == [shards[0]]
    assert gpu[0]["gpu"] == f"name={TORCH.name}"


def test_if_everything_is_published_the_matrices_are_empty() -> None:
    assert planned_run(FINGERPRINTS).github() == "shards=[]\ngpu=[]\n"


def test_the_document_has_every_fingerprint_to_build() -> None:
    document = planned_run({CPU.name: "a" * 64}).document()
    assert document["published"] == [CPU.name]
    [shard] = document["shards"]
    assert shard["variants"] == [{"name": TORCH.name, "fingerprint": "b" * 64}]
    assert shard["bytes"] == 2


@pytest.fixture(scope="module")
def loads(plan: Plan) -> list[Load]:
    return [Load.of(planned.variant, locks.load(LOCKFILES / f"{planned.name}.txt")) for planned in plan.variants]


def random_loads(seed: int, families: int) -> list[Load]:
    """Families of one to four variants with random sizes."""
    generator = random.Random(seed)
    return [
        Load(name=f"{family}-{number}", gpu=True, family=str(family), bytes=generator.randrange(1, 10_000))
        for family in range(families)
        for number in range(generator.randrange(1, 5))
    ]


def largest(parts: tuple[Shard, ...]) -> int:
    return max(shard.bytes for shard in parts)


@pytest.mark.parametrize("most", COUNTS)
def test_every_variant_is_in_exactly_one_shard(loads: list[Load], most: int) -> None:
    names = [name for shard in shards(loads, most) for name in shard.names]
    assert sorted(names) == sorted(load.name for load in loads)


@pytest.mark.parametrize("most", COUNTS)
def test_the_number_of_shards_is_limited_and_none_is_empty(loads: list[Load], most: int) -> None:
    parts = shards(loads, most)
    assert len(parts) <= most
    assert all(shard.loads for shard in parts)
    assert [shard.name for shard in parts] == [str(number) for number in range(1, len(parts) + 1)]


@pytest.mark.parametrize("most", COUNTS)
def test_variants_that_share_the_torch_layer_are_built_together(loads: list[Load], most: int) -> None:
    shard_of = {load.name: shard.name for shard in shards(loads, most) for load in shard.loads}
    for python, (torch, cuda) in product(("py311", "py313"), (("torch2.8.0", "cu128"), ("torch2.13.0", "cu130"))):
        siblings = [name for name in shard_of if torch in name and name.endswith(f"{python}-{cuda}")]
        assert len(siblings) == 4
        assert len({shard_of[name] for name in siblings}) == 1


def test_a_variant_with_additional_packages_is_built_with_the_plain_one(loads: list[Load]) -> None:
    shard_of = {load.name: shard.name for shard in shards(loads, 50) for load in shard.loads}
    assert shard_of["ray2.60.0-py311-cpu-xgboost"] == shard_of["ray2.60.0-py311-cpu"] != shard_of["ray2.60.0-py313-cpu"]


def test_variants_that_share_little_are_distributed(loads: list[Load]) -> None:
    families = {load.family for load in loads}
    assert len(shards(loads, 50)) == len(families) < len(loads)


def test_the_order_does_not_matter(loads: list[Load]) -> None:
    shuffled = random.Random(1).sample(loads, len(loads))
    assert shards(shuffled, 4) == shards(loads, 4)


@pytest.mark.parametrize("seed", range(30))
def test_the_largest_shard_is_at_most_a_third_larger_than_the_optimum(seed: int) -> None:
    loads = random_loads(seed, families=6)
    names = sorted({load.family for load in loads})
    weights = {family: max(load.bytes for load in loads if load.family == family) for family in names}
    best = min(
        max(
            sum(weights[family] for family, place in zip(names, places, strict=True) if place == shard)
            for shard in range(3)
        )
        for places in product(range(3), repeat=len(names))
    )
    assert best <= largest(shards(loads, 3)) <= best * 4 / 3


def test_cpu_variants_are_not_sent_to_a_gpu(loads: list[Load]) -> None:
    [shard] = shards(loads, 1)
    assert set(shard.gpu_names) == {name for name in shard.names if "-torch" in name}
    assert len(shard.gpu_names) < len(shard.names)


def test_nothing_to_build_gives_no_shard() -> None:
    assert shards([], 4) == ()
