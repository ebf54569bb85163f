"""The tags of images: their names, which aliases move, and which wait."""

from raydock.model.variant import Variant, parse_name
from raydock.plan.planner import Plan
from raydock.publish.release import AliasTarget, immutable_tag
from raydock.publish.tags import aliases, aliases_to_move

CPU311, CPU313 = "ray2.60.0-py311-cpu", "ray2.60.0-py313-cpu"
TORCH, VLLM = "ray2.60.0-torch2.13.0-py311-cu130", "ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130"
TWO = aliases(map(parse_name, (CPU311, CPU313)))


def aliases_of(*names: str) -> dict[str, tuple[Variant, ...]]:
    return aliases(map(parse_name, names))


def targets(*names: str) -> dict[str, str]:
    return {name: candidates[-1].name for name, candidates in aliases_of(*names).items()}


def test_an_immutable_tag_contains_the_fingerprint() -> None:
    assert immutable_tag(CPU311, "0123456789abcdef" * 4) == f"{CPU311}.0123456789ab"


def test_a_cpu_image_has_the_aliases_of_rayproject() -> None:
    assert targets(CPU311) == dict.fromkeys(("2.60.0-py311-cpu", "2.60.0-py311", "2.60.0", "latest"), CPU311)


def test_an_alias_without_cuda_never_names_an_image_with_cuda() -> None:
    assert targets(TORCH) == {"2.60.0-py311-cu130": TORCH}


def test_an_alias_names_the_smallest_image() -> None:
    assert targets(TORCH, VLLM) == {"2.60.0-py311-cu130": TORCH}
    assert targets(VLLM) == {"2.60.0-py311-cu130": VLLM}
    (candidates,) = aliases_of(TORCH, VLLM).values()
    assert [variant.name for variant in candidates] == [TORCH]


def test_an_alias_lists_every_candidate() -> None:
    named = aliases_of(CPU313, CPU311)
    assert [variant.name for variant in named["2.60.0"]] == [CPU311, CPU313]
    assert named["2.60.0"][-1].name == CPU313
    assert named["2.60.0-py311"][-1].name == CPU311


def test_latest_is_the_newest_final_ray() -> None:
    named = aliases_of(CPU311, "ray2.9.3-py311-cpu", "ray2.61.0rc1-py311-cpu")
    assert named["latest"][-1].name == CPU311
    assert aliases_of("ray2.61.0rc1-py311-cpu")["latest"][-1].name == "ray2.61.0rc1-py311-cpu"


def test_an_alias_names_the_newest_torch() -> None:
    older = "ray2.60.0-torch2.9.0-py311-cu130"
    assert targets(TORCH, older) == {"2.60.0-py311-cu130": TORCH}


def test_an_alias_names_one_architecture() -> None:
    arm = Variant(ray="2.60.0", python="3.11", arch="arm64")
    assert aliases([arm]) == {}


def test_an_image_with_additional_packages_has_no_alias() -> None:
    assert aliases_of("ray2.60.0-py311-cpu-xgboost") == {}


def test_no_alias_of_the_plan_is_also_a_variant(plan: Plan) -> None:
    named = aliases(planned.variant for planned in plan.variants)
    assert not set(named) & {planned.name for planned in plan.variants}
    assert named["latest"][-1].name == CPU313


def test_the_order_of_the_variants_does_not_matter(plan: Plan) -> None:
    variants = [planned.variant for planned in plan.variants]
    assert aliases(variants) == aliases(reversed(variants))


def target(variant: str, fingerprint: str) -> AliasTarget:
    return AliasTarget(variant=variant, fingerprint=fingerprint, digest=f"sha256:{fingerprint}")


def test_an_alias_moves_when_every_candidate_is_published() -> None:
    one = aliases_to_move(TWO, {CPU313: "b"}, (), {})
    assert one.move == {"2.60.0-py313-cpu": CPU313, "2.60.0-py313": CPU313}
    assert one.wait == {"2.60.0": (CPU311,), "latest": (CPU311,)}
    both = aliases_to_move(TWO, {CPU311: "a", CPU313: "b"}, (), {})
    assert both.move["latest"] == both.move["2.60.0"] == CPU313
    assert both.wait == {}


def test_an_alias_waits_for_a_build_that_could_not_be_published() -> None:
    changes = aliases_to_move(TWO, {CPU311: "a", CPU313: "b"}, {CPU311}, {})
    assert changes.wait["latest"] == (CPU311,)
    assert "latest" not in changes.move


def test_an_alias_that_already_names_the_image_stays() -> None:
    before = {"latest": target(CPU313, "b"), "2.60.0": target(CPU311, "a")}
    changes = aliases_to_move(TWO, {CPU311: "a", CPU313: "b"}, (), before)
    assert "latest" not in changes.move
    assert changes.move["2.60.0"] == CPU313


def test_an_alias_moves_to_a_new_build_of_the_same_variant() -> None:
    before = {"latest": target(CPU313, "b")}
    changes = aliases_to_move(TWO, {CPU311: "a", CPU313: "c"}, (), before)
    assert changes.move["latest"] == CPU313


def test_an_alias_waits_for_an_unpublished_candidate_and_is_omitted_without_any() -> None:
    changes = aliases_to_move(TWO, {CPU311: "a"}, {CPU313}, {"latest": target(CPU311, "a")})
    assert changes.wait == {"2.60.0": (CPU313,), "latest": (CPU313,)}
    assert aliases_to_move(TWO, {}, {CPU313}, {}).wait == {}
