"""The committed matrix and facts, and the plan that they make."""

from datetime import date
from pathlib import Path

import pytest

from raydock.core import http
from raydock.model import facts as facts_file
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.plan import planner
from raydock.plan.planner import Plan
from raydock.plan.rules.verdict import RuleInputs

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that fails gets the next request at once."""
    monkeypatch.setattr(http, "PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    return matrix_file.load(ROOT / "matrix.yaml")


@pytest.fixture(scope="session")
def facts() -> Facts:
    return facts_file.load(ROOT / "lockfiles" / "facts.json")


@pytest.fixture(scope="session")
def rule_inputs(matrix: Matrix, facts: Facts) -> RuleInputs:
    return RuleInputs(matrix, facts)


@pytest.fixture(scope="session")
def plan(matrix: Matrix, facts: Facts) -> Plan:
    return planner.make(matrix, facts, date(2026, 11, 22))
