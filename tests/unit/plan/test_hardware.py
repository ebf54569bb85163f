import pytest
from packaging.version import Version

from raydock.model.variant import Variant
from raydock.plan.hardware import Hardware


@pytest.mark.parametrize(
    ("cuda", "driver"),
    [("cpu", ""), ("11.8", "450.80.02"), ("12.8", "525.60.13"), ("13.0", "580.65.06"), ("13.2", "580.65.06")],
)
def test_min_driver_is_that_of_the_major_version(cuda: str, driver: str) -> None:
    assert Hardware().min_driver(Variant(ray="2.60.0", python="3.11", torch="2.13.0", cuda=cuda)) == driver


def test_no_toolkit_came_with_a_driver_older_than_its_floor() -> None:
    tables = Hardware()
    assert tables.toolkits
    for cuda, driver in tables.toolkits.items():
        assert Version(driver) >= Version(tables.floors[cuda.split(".")[0]])


@pytest.mark.parametrize(
    ("torch", "cuda", "first", "last"),
    [
        ("2.0.1", "11.7", 37, 86),
        ("2.3.1", "11.8", 37, 90),
        ("2.4.1", "12.1", 50, 90),
        ("2.8.0", "12.8", 70, 120),
        ("2.10.0", "12.8", 70, 120),
        ("2.13.0", "13.0", 75, 120),
    ],
)
def test_sm_of_torch(torch: str, cuda: str, first: int, last: int) -> None:
    sm = Hardware().sm(torch, cuda)
    assert (sm[0], sm[-1]) == (first, last)
    assert sorted(sm) == list(sm)


@pytest.mark.parametrize(("torch", "cuda"), [("none", "cpu"), ("2.13.0", "12.8"), ("9.0.0", "13.0")])
def test_what_is_not_known_has_no_sm(torch: str, cuda: str) -> None:
    assert Hardware().sm(torch, cuda) == ()
