import json

from raydock.ci.plan import CiPlan, plan_shards
from raydock.ci.shards import Load

CPU = Load(name="ray2.60.0-py311-cpu", gpu=False, family="a", bytes=1)
TORCH = Load(name="ray2.60.0-torch2.13.0-py311-cu130", gpu=True, family="b", bytes=2)
FINGERPRINTS = {CPU.name: "a" * 64, TORCH.name: "b" * 64}


def plan(published: dict[str, str]) -> CiPlan:
    return plan_shards(FINGERPRINTS, published, [CPU, TORCH], 4)


def test_a_variant_published_with_its_fingerprint_has_no_job() -> None:
    ci_plan = plan({CPU.name: "a" * 64})
    assert [shard.names for shard in ci_plan.shards] == [(TORCH.name,)]
    assert ci_plan.published == (CPU.name,)


def test_a_variant_published_with_a_different_fingerprint_is_built_again() -> None:
    ci_plan = plan({CPU.name: "c" * 64, TORCH.name: "b" * 64})
    assert [shard.names for shard in ci_plan.shards] == [(CPU.name,)]


def test_github_gets_a_matrix_of_all_shards_and_one_of_gpu_shards() -> None:
    outputs = dict(line.split("=", 1) for line in plan({}).github().splitlines())
    shards, gpu = json.loads(outputs["shards"]), json.loads(outputs["gpu"])
    assert [shard["select"] for shard in shards] == [f"name={TORCH.name}", f"name={CPU.name}"]
    assert gpu == [shards[0]]
    assert gpu[0]["gpu"] == f"name={TORCH.name}"


def test_if_everything_is_published_the_matrices_are_empty() -> None:
    assert plan(FINGERPRINTS).github() == "shards=[]\ngpu=[]\n"


def test_the_document_has_every_fingerprint_to_build() -> None:
    document = plan({CPU.name: "a" * 64}).document()
    assert document["published"] == [CPU.name]
    [shard] = document["shards"]
    assert shard["variants"] == [{"name": TORCH.name, "fingerprint": "b" * 64}]
    assert shard["bytes"] == 2
