"""Which aliases move."""

from raydock.model.variant import parse_name
from raydock.publish.moves import aliases_to_move
from raydock.publish.release import Named
from raydock.publish.tags import aliases

CPU311, CPU313 = "ray2.60.0-py311-cpu", "ray2.60.0-py313-cpu"
TWO = aliases(map(parse_name, (CPU311, CPU313)))


def named(variant: str, fingerprint: str) -> Named:
    return Named(variant=variant, fingerprint=fingerprint, digest=f"sha256:{fingerprint}")


def test_an_alias_moves_once_every_image_that_it_could_name_is_there() -> None:
    one = aliases_to_move(TWO, {CPU313: "b"}, (), {})
    assert one.move == {"2.60.0-py313-cpu": CPU313, "2.60.0-py313": CPU313}
    assert one.wait == {"2.60.0": (CPU311,), "latest": (CPU311,)}
    both = aliases_to_move(TWO, {CPU311: "a", CPU313: "b"}, (), {})
    assert both.move["latest"] == both.move["2.60.0"] == CPU313
    assert both.wait == {}


def test_an_alias_waits_for_a_build_that_could_not_be_published() -> None:
    found = aliases_to_move(TWO, {CPU311: "a", CPU313: "b"}, {CPU311}, {})
    assert found.wait["latest"] == (CPU311,)
    assert "latest" not in found.move


def test_an_alias_that_names_the_right_image_stays() -> None:
    before = {"latest": named(CPU313, "b"), "2.60.0": named(CPU311, "a")}
    found = aliases_to_move(TWO, {CPU311: "a", CPU313: "b"}, (), before)
    assert "latest" not in found.move
    assert found.move["2.60.0"] == CPU313


def test_an_alias_moves_to_a_new_build_of_the_same_variant() -> None:
    before = {"latest": named(CPU313, "b")}
    found = aliases_to_move(TWO, {CPU311: "a", CPU313: "c"}, (), before)
    assert found.move["latest"] == CPU313


def test_an_alias_whose_image_was_never_published_waits_and_one_without_any_is_not_spoken_of() -> None:
    found = aliases_to_move(TWO, {CPU311: "a"}, {CPU313}, {"latest": named(CPU311, "a")})
    assert found.wait == {"2.60.0": (CPU313,), "latest": (CPU313,)}
    assert aliases_to_move(TWO, {}, {CPU313}, {}).wait == {}
