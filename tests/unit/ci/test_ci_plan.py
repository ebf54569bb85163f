import json

from raydock.ci.plan import CiPlan, make
from raydock.ci.shards import Load

CPU = Load(name="ray2.60.0-py311-cpu", gpu=False, family="a", bytes=1)
TORCH = Load(name="ray2.60.0-torch2.13.0-py311-cu130", gpu=True, family="b", bytes=2)
FINGERPRINTS = {CPU.name: "a" * 64, TORCH.name: "b" * 64}


def plan(published: dict[str, str]) -> CiPlan:
    return make(FINGERPRINTS, published, [CPU, TORCH], 4)


def test_what_is_published_as_it_would_be_built_has_no_job() -> None:
    found = plan({CPU.name: "a" * 64})
    assert [shard.names for shard in found.shards] == [(TORCH.name,)]
    assert found.published == (CPU.name,)


def test_what_is_published_with_another_fingerprint_is_built_anew() -> None:
    found = plan({CPU.name: "c" * 64, TORCH.name: "b" * 64})
    assert [shard.names for shard in found.shards] == [(CPU.name,)]


def test_github_gets_two_matrices_and_the_one_for_gpus_has_no_cpu_image() -> None:
    outputs = dict(line.split("=", 1) for line in plan({}).github().splitlines())
    shards, gpu = json.loads(outputs["shards"]), json.loads(outputs["gpu"])
    assert [shard["select"] for shard in shards] == [f"name={TORCH.name}", f"name={CPU.name}"]
    assert gpu == [shards[0]]
    assert gpu[0]["gpu"] == f"name={TORCH.name}"


def test_where_all_is_published_the_matrices_are_empty() -> None:
    assert plan(FINGERPRINTS).github() == "shards=[]\ngpu=[]\n"


def test_the_document_names_every_fingerprint_to_be_built() -> None:
    document = plan({CPU.name: "a" * 64}).document()
    assert document["published"] == [CPU.name]
    [shard] = document["shards"]
    assert shard["variants"] == [{"name": TORCH.name, "fingerprint": "b" * 64}]
    assert shard["bytes"] == 2
