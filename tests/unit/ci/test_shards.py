import random
from itertools import product
from pathlib import Path

import pytest

from raydock.ci.shards import Load, Shard, shards
from raydock.model import lock as locks
from raydock.plan.planner import Plan

LOCKFILES = Path(__file__).parents[3] / "lockfiles"
COUNTS = (1, 2, 3, 4, 8, 50)


@pytest.fixture(scope="module")
def loads(plan: Plan) -> list[Load]:
    return [Load.of(item.variant, locks.load(LOCKFILES / f"{item.name}.txt")) for item in plan.variants]


def chance(seed: int, families: int) -> list[Load]:
    """Families of one to four variants, with bytes that chance chose."""
    dice = random.Random(seed)
    return [
        Load(name=f"{family}-{number}", gpu=True, family=str(family), bytes=dice.randrange(1, 10_000))
        for family in range(families)
        for number in range(dice.randrange(1, 5))
    ]


def heaviest(dealt: tuple[Shard, ...]) -> int:
    return max(shard.bytes for shard in dealt)


@pytest.mark.parametrize("most", COUNTS)
def test_every_variant_is_in_exactly_one_shard(loads: list[Load], most: int) -> None:
    names = [name for shard in shards(loads, most) for name in shard.names]
    assert sorted(names) == sorted(load.name for load in loads)


@pytest.mark.parametrize("most", COUNTS)
def test_there_are_at_most_as_many_shards_as_asked_and_none_is_empty(loads: list[Load], most: int) -> None:
    dealt = shards(loads, most)
    assert len(dealt) <= most
    assert all(shard.loads for shard in dealt)
    assert [shard.name for shard in dealt] == [str(number) for number in range(1, len(dealt) + 1)]


@pytest.mark.parametrize("most", COUNTS)
def test_siblings_that_share_the_torch_layer_are_built_together(loads: list[Load], most: int) -> None:
    home = {load.name: shard.name for shard in shards(loads, most) for load in shard.loads}
    for python, (torch, cuda) in product(("py311", "py313"), (("torch2.8.0", "cu128"), ("torch2.13.0", "cu130"))):
        siblings = [name for name in home if torch in name and name.endswith(f"{python}-{cuda}")]
        assert len(siblings) == 4
        assert len({home[name] for name in siblings}) == 1


def test_what_a_group_adds_to_is_built_beside_it(loads: list[Load]) -> None:
    home = {load.name: shard.name for shard in shards(loads, 50) for load in shard.loads}
    assert home["ray2.60.0-py311-cpu-xgboost"] == home["ray2.60.0-py311-cpu"] != home["ray2.60.0-py313-cpu"]


def test_variants_that_share_little_are_spread(loads: list[Load]) -> None:
    families = {load.family for load in loads}
    assert len(shards(loads, 50)) == len(families) < len(loads)


def test_the_order_asked_does_not_matter(loads: list[Load]) -> None:
    shuffled = random.Random(1).sample(loads, len(loads))
    assert shards(shuffled, 4) == shards(loads, 4)


@pytest.mark.parametrize("seed", range(30))
def test_the_heaviest_shard_has_at_most_a_third_more_than_it_must(seed: int) -> None:
    loads = chance(seed, families=6)
    names = sorted({load.family for load in loads})
    weights = {family: max(load.bytes for load in loads if load.family == family) for family in names}
    best = min(
        max(
            sum(weights[family] for family, place in zip(names, places, strict=True) if place == shard)
            for shard in range(3)
        )
        for places in product(range(3), repeat=len(names))
    )
    assert best <= heaviest(shards(loads, 3)) <= best * 4 / 3


def test_cpu_variants_are_not_sent_to_a_gpu(loads: list[Load]) -> None:
    [shard] = shards(loads, 1)
    assert set(shard.gpu_names) == {name for name in shard.names if "-torch" in name}
    assert len(shard.gpu_names) < len(shard.names)


def test_nothing_to_build_is_no_shard() -> None:
    assert shards([], 4) == ()
