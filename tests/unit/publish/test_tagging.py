"""Which aliases move, and which wait."""

from raydock.model.variant import parse_name
from raydock.publish.release import AliasTarget
from raydock.publish.tagging import aliases_to_move
from raydock.publish.tags import aliases

CPU311, CPU313 = "ray2.60.0-py311-cpu", "ray2.60.0-py313-cpu"
TWO = aliases(map(parse_name, (CPU311, CPU313)))


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
