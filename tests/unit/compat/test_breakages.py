from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from raydock.compat.breakages import Breakage, broken, known
from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import load
from raydock.model.variant import Variant

GOOD = """\
- rule: transformers-era
  when: {vllm: "<0.11.1", ray: ">=2.50"}
  constraints: [transformers<5]
  reason: it fails
  source: somewhere
  since: 2026-01-26
  until: 2026-12-01
"""
VARIANT = Variant(ray="2.60.0", python="3.11", cuda="12.8", torch="2.8.0", vllm="0.10.2")


def test_a_breakage_concerns_its_variants_and_days(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text(GOOD)
    (item,) = load(path, tuple[Breakage, ...])
    day = date(2026, 6, 1)
    assert item.constraints == ("transformers<5",)
    assert item.concerns(VARIANT, day)
    assert not item.concerns(Variant(ray="2.60.0", python="3.11"), day)
    assert not item.concerns(Variant(ray="2.49.1", python="3.11", vllm="0.10.2"), day)
    assert not item.concerns(VARIANT, date(2026, 1, 25))
    assert item.concerns(VARIANT, date(2026, 1, 26))
    assert item.concerns(VARIANT, date(2026, 12, 2))


def overdue(breakages: tuple[Breakage, ...], today: date) -> list[Breakage]:
    """The breakages that must be reviewed."""
    return [breakage for breakage in breakages if today > breakage.until]


def test_until_is_the_last_day_on_which_it_is_not_overdue(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text(GOOD)
    assert overdue(load(path, tuple[Breakage, ...]), date(2026, 12, 1)) == []
    assert [item.rule for item in overdue(load(path, tuple[Breakage, ...]), date(2026, 12, 2))] == ["transformers-era"]


def test_nothing_that_raydock_ships_is_overdue() -> None:
    """Fails from the day after an entry's `until` on: check whether it is correct, and update data/breakages.yaml."""
    assert overdue(known(), datetime.now(UTC).date()) == []


def test_constraints_that_are_broken() -> None:
    lines = ("transformers<5", "cuda-python==12.*", "Foo_Bar!=2")
    versions = {"transformers": "5.0.0", "cuda-python": "12.9", "foo-bar": "2"}
    assert list(broken(lines, versions)) == [("transformers<5", "transformers 5.0.0"), ("Foo_Bar!=2", "Foo_Bar 2")]
    assert list(broken(lines, {"numpy": "2.2.6"})) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("vllm:", "vlm:", r"b\.yaml:2: .*no key 'vlm'"),
        ("<0.11.1", "0.11", r"b\.yaml:2: '0\.11' is not a set of versions"),
        ("transformers<5", "transformers<<5", r"b\.yaml:3: 'transformers<<5' is not a requirement"),
        ("2026-01-26", "soon", r"b\.yaml:6: 'soon' is not a date"),
        ("  source: somewhere\n", "", r"lacks the key 'source'"),
        ("transformers-era", "Some rule", r"b\.yaml:1: 'Some rule' is not a name"),
        ("  until: 2026-12-01\n", "", r"lacks the key 'until'"),
        ("  reason:", "  why:", r"b\.yaml:4: .*no key 'why'"),
    ],
)
def test_an_invalid_breakage_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "b.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigurationError, match=message):
        load(path, tuple[Breakage, ...])


def test_what_raydock_ships() -> None:
    day = date(2026, 11, 15)
    found = {line for item in known() if item.concerns(VARIANT, day) for line in item.constraints}
    assert {"transformers<5", "cuda-python==12.*"} <= found
    new = Variant(ray="2.60.0", python="3.11", cuda="13.0", torch="2.13.0", vllm="0.32.0")
    found = {line for item in known() if item.concerns(new, day) for line in item.constraints}
    assert found == {"cuda-python==13.*", "cuda-bindings==13.*", "cuda-toolkit==13.*"}
    old = Variant(ray="2.49.1", python="3.11", cuda="12.1", torch="2.1.2", vllm="0.3.0")
    needed = [item for item in known() if item.concerns(old, date(2025, 9, 15))]
    assert {line for item in needed for line in item.requirements} == {"setuptools"}
    assert {"numpy<2", "transformers<4.40"} <= {line for item in needed for line in item.constraints}
    for item in known():
        assert item.reason
        assert item.source
        assert all(Requirement(line).specifier for line in item.constraints)


def needs(point: Variant, day: date = date(2026, 11, 15)) -> set[str]:
    """The constraints of a point's lock."""
    found = [item for item in known() if item.concerns(point, day)]
    return {line for item in found for line in (*item.constraints, *item.requirements)}


@pytest.mark.parametrize(
    ("ray", "day", "bound"),
    [
        ("2.9.3", date(2026, 11, 15), True),
        ("2.49.1", date(2026, 11, 15), True),
        ("2.49.1", date(2025, 9, 15), False),
        ("2.56.1", date(2026, 11, 15), True),
        ("2.57.0", date(2026, 11, 15), False),
        ("2.60.0", date(2026, 11, 15), False),
    ],
)
def test_ray_serve_and_fastapi(ray: str, day: date, bound: bool) -> None:
    assert ("fastapi<0.137" in needs(Variant(ray=ray, python="3.11"), day)) is bound


@pytest.mark.parametrize(
    ("ray", "needed"), [("2.56.1", False), ("2.57.0", True), ("2.58.1", True), ("2.59.0", False), ("2.60.0", False)]
)
def test_ray_serve_and_jinja(ray: str, needed: bool) -> None:
    assert ("jinja2" in needs(Variant(ray=ray, python="3.11"))) is needed


@pytest.mark.parametrize(
    ("vllm", "bound"), [("0.19.0", False), ("0.19.1", True), ("0.30.0", True), ("0.31.0", False), ("0.32.0", False)]
)
def test_vllm_and_pixtral(vllm: str, bound: bool) -> None:
    assert ("transformers<5.17" in needs(Variant(ray="2.60.0", python="3.11", vllm=vllm, cuda="13.0"))) is bound


@pytest.mark.parametrize(
    ("vllm", "bound"), [("0.4.2", False), ("0.4.3", True), ("0.5.0.post1", True), ("0.5.1", False)]
)
def test_vllm_and_numpy(vllm: str, bound: bool) -> None:
    assert ("numpy<2" in needs(Variant(ray="2.9.3", python="3.11", vllm=vllm, torch="2.3.0", cuda="12.1"))) is bound


@pytest.mark.parametrize(
    ("cuda", "bound"), [("11.8", False), ("12.1", True), ("12.8", True), ("13.0", False), ("cpu", False)]
)
def test_nixl_for_cuda_12_requires_no_package_for_13(cuda: str, bound: bool) -> None:
    assert ("nixl<1.1" in needs(Variant(ray="2.60.0", python="3.11", torch="2.8.0", cuda=cuda))) is bound
